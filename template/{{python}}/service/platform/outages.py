"""What is told of a server that is gone, and how it is waited for."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from service.platform.workers import is_stopping

log = structlog.get_logger()

RECONNECT_SECONDS = 0.5


class Outage:
    """Told once when it begins and once when it is over, however often something is tried in the meantime."""

    def __init__(self, to: str) -> None:
        """Takes what cannot be done meanwhile, such as `publish events`."""
        self._to = to
        self._is_on = False

    def notice(self, error: Exception) -> None:
        """Call this whenever something fails because of it."""
        if not self._is_on:
            log.warning("waiting", to=self._to, error=repr(error.__cause__ or error))
        self._is_on = True

    def end(self) -> None:
        """Call this whenever something succeeds."""
        if self._is_on:
            log.warning("no longer waiting", to=self._to)
        self._is_on = False


async def reconnecting(
    to: str, use: Callable[[Outage], Awaitable[None]], failures: tuple[type[Exception], ...]
) -> None:
    """Uses a connection until it is cancelled: anew whenever the connection is lost.

    Args:
        to: What it is for, such as `receive events`.
        use: Connects, ends the outage when it has, and goes on until the connection is lost.
        failures: What it may raise then, besides the system's own errors.
    """
    outage = Outage(to)
    lost: tuple[type[Exception], ...] = (*failures, OSError)
    while not is_stopping():
        try:
            await use(outage)
        except lost as error:
            outage.notice(error)
        await asyncio.sleep(RECONNECT_SECONDS)
