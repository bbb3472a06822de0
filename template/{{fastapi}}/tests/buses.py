"""A bus for the tests that are not about the broker."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import override

from service.adapters.broker.common import Publisher
from service.domain.errors import Unavailable
from service.domain.events import Event
from service.platform import cloudevents
from service.platform.ports import Clock
from service.settings import Settings


class LocalBus(Publisher):
    """Carries events within the process, and can be broken."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.published: list[Event] = []
        self.is_broken = False
        self._handle: asyncio.Future[Callable[[bytes], Awaitable[None]]] = asyncio.Future()

    @override
    async def publish(self, events: Sequence[Event]) -> None:
        """Returns when they have been handled, so that the outbox is empty then, and not before."""
        if self.is_broken:
            raise Unavailable("The bus is broken.")
        self.published += events
        handle = await self._handle
        await asyncio.gather(*(handle(cloudevents.encode(event)) for event in events))

    async def consume(self, types: Sequence[str], handle: Callable[[bytes], Awaitable[None]]) -> None:  # noqa: ARG002 - all.
        self._handle.set_result(handle)
        await asyncio.Event().wait()

    async def ping(self) -> None:
        if self.is_broken:
            raise Unavailable("The bus is broken.")


@asynccontextmanager
async def connect(_settings: Settings, clock: Clock) -> AsyncGenerator[LocalBus]:
    yield LocalBus(clock)
