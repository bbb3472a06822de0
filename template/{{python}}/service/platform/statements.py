"""Times every statement that goes to the database."""

from collections.abc import Callable

import structlog

from service.platform.metrics import Metrics

log = structlog.get_logger()

LONGEST_STATEMENT_LOGGED = 2000


class StatementTimer:
    """Feeds the histogram, and warns of slow statements: never with their parameters, which may be secrets."""

    def __init__(self, metrics: Metrics, *, slow_milliseconds: float) -> None:
        self._duration = metrics.statement_duration
        self._slow_seconds = slow_milliseconds / 1000

    def record(self, operation: str, statement: Callable[[], str], seconds: float) -> None:
        """Notes that a statement was carried out.

        Args:
            operation: Its kind, such as `SELECT` or `find`.
            statement: Makes its text, with placeholders; asked for slow ones only.
            seconds: How long it took.
        """
        self._duration.labels(operation).observe(seconds)
        if seconds > self._slow_seconds:
            log.warning(
                "slow query",
                statement=statement()[:LONGEST_STATEMENT_LOGGED],
                duration_ms=round(seconds * 1000, 1),
            )
