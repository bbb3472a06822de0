import logging
import time
from collections.abc import Callable

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from service.platform.measuring import METRICS
from service.platform.statements import StatementTimer


class PlatformConfig(AppConfig):
    name = "service.platform"

    def ready(self) -> None:
        connection_created.connect(_time_statements)
        # A request that is refused is nothing to warn of, and has a line of its own already.
        logging.getLogger("django.request").setLevel(logging.ERROR)


def _time_statements(connection: BaseDatabaseWrapper, **_: object) -> None:
    if _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)


def _timed(execute: Callable[..., object], sql: str, parameters: object, many: bool, context: object) -> object:  # noqa: FBT001 - Django's.
    started = time.perf_counter()
    try:
        return execute(sql, parameters, many, context)
    finally:
        _timer.record(sql.split(maxsplit=1)[0].upper(), lambda: sql, time.perf_counter() - started)


_timer = StatementTimer(METRICS, slow_milliseconds=settings.SERVICE.slow_query_milliseconds)
