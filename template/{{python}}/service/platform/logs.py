"""Structured logs: JSON lines in production, columns for people in development.

Everything goes to standard error, and carries the request id of the request that caused it.
"""

import logging
import sys

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from service.about import NAME
from service.settings import Settings

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(settings: Settings) -> None:
    level = LEVELS[settings.log_level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = _for_machines() if settings.in_production else _for_people()
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _configure_standard_library(level, shared, last)


def _for_machines() -> list[Processor]:
    def add_service(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["service"] = NAME
        return event

    # Without the local variables, among which are passwords and tokens.
    tracebacks = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    return [add_service, tracebacks, structlog.processors.JSONRenderer()]


def _for_people() -> list[Processor]:
    # The plain traceback shows no local variables either.
    return [
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    ]


def _configure_standard_library(level: int, shared: list[Processor], last: list[Processor]) -> None:
    """Gives the lines of libraries, which use `logging`, the same form.

    From warnings on: below that they report every step, and some of them the values of parameters.
    """
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
