"""Times every command, and counts connections."""

from collections.abc import Mapping
from typing import Any, override

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
    ConnectionCheckedInEvent,
    ConnectionCheckedOutEvent,
    ConnectionClosedEvent,
    ConnectionCreatedEvent,
    ConnectionPoolListener,
)

from service.platform.metrics import Metrics
from service.platform.statements import StatementTimer

SHOWN = ("filter", "query", "updates", "deletes", "sort", "pipeline")
"""The parts of a command that say what it looks for."""


class CommandTimer(CommandListener):
    def __init__(self, timer: StatementTimer) -> None:
        self._timer = timer
        self._under_way: dict[int, CommandStartedEvent] = {}

    @override
    def started(self, event: CommandStartedEvent) -> None:
        self._under_way[event.request_id] = event

    @override
    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._record(event)

    @override
    def failed(self, event: CommandFailedEvent) -> None:
        self._record(event)

    def _record(self, event: CommandSucceededEvent | CommandFailedEvent) -> None:
        started = self._under_way.pop(event.request_id, None)
        if started is not None:
            seconds = event.duration_micros / 1_000_000
            self._timer.record(event.command_name, lambda: _shape_of(started), seconds)


def _shape_of(event: CommandStartedEvent) -> str:
    """A command in words, with `?` for every value, since values may be secrets."""
    parts = [f"{name}: {_shape(event.command[name])}" for name in SHOWN if name in event.command]
    return " ".join([event.command_name, str(event.command[event.command_name]), *parts])


def _shape(value: object) -> str:
    match value:
        case Mapping():
            return "{" + ", ".join(f"{key}: {_shape(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(_shape(each) for each in value) + "]"
        case _:
            return "?"


class ConnectionCounter(ConnectionPoolListener):
    """Feeds the gauges of connections."""

    def __init__(self, metrics: Metrics) -> None:
        self._in_use = metrics.pool_connections.labels("in_use")
        self._idle = metrics.pool_connections.labels("idle")

    @override
    def connection_created(self, event: ConnectionCreatedEvent) -> None:
        self._idle.inc()

    @override
    def connection_closed(self, event: ConnectionClosedEvent) -> None:
        self._idle.dec()

    @override
    def connection_checked_out(self, event: ConnectionCheckedOutEvent) -> None:
        self._idle.dec()
        self._in_use.inc()

    @override
    def connection_checked_in(self, event: ConnectionCheckedInEvent) -> None:
        self._in_use.dec()
        self._idle.inc()

    # The rest of what the driver tells.

    @override
    def pool_created(self, event: Any) -> None: ...

    @override
    def pool_ready(self, event: Any) -> None: ...

    @override
    def pool_cleared(self, event: Any) -> None: ...

    @override
    def pool_closed(self, event: Any) -> None: ...

    @override
    def connection_ready(self, event: Any) -> None: ...

    @override
    def connection_check_out_started(self, event: Any) -> None: ...

    @override
    def connection_check_out_failed(self, event: Any) -> None: ...
