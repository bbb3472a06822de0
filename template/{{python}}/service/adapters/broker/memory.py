"""Events within the process: for one service that talks to itself. The outbox keeps what is not handled yet."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import override

from service.adapters.broker.common import Publisher, confirming
from service.domain.events import Event
from service.platform import cloudevents
from service.platform.ports import Clock, EventBus
from service.settings import Settings


@asynccontextmanager
async def connect(settings: Settings, clock: Clock) -> AsyncGenerator[EventBus]:  # noqa: ARG001 - as the others.
    yield MemoryEventBus(clock)


class MemoryEventBus(Publisher):
    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._handle: asyncio.Future[Callable[[bytes], Awaitable[None]]] = asyncio.Future()
        self._types: frozenset[str] = frozenset()

    @override
    async def publish(self, events: Sequence[Event]) -> None:
        """Returns when they have been handled: there is no broker that would keep them in the meantime."""
        async with confirming(()):
            handle = await asyncio.shield(self._handle)
        wanted = [event for event in events if event.type in self._types]
        await asyncio.gather(*(handle(cloudevents.encode(event)) for event in wanted))

    async def consume(self, types: Sequence[str], handle: Callable[[bytes], Awaitable[None]]) -> None:
        self._types = frozenset(types)
        self._handle.set_result(handle)
        try:
            await asyncio.Event().wait()
        finally:
            self._handle = asyncio.Future()

    async def ping(self) -> None:
        """It is always there."""
