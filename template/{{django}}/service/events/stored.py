"""The storage of events as the relay, the consumer and the dead-letter box call it: from an event loop."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from service.domain.events import DeadLetter, Event
from service.events import storage
from service.events.signals import event_stored
from service.events.storage import Handler
from service.platform.doorbell import Doorbell
from service.platform.threads import in_thread


class StoredEvents:
    def __init__(self, doorbell: Doorbell) -> None:
        self._doorbell = doorbell

    async def pending(self, limit: int) -> Sequence[Event]:
        return await in_thread(storage.pending, limit)

    async def remove(self, events: Sequence[Event]) -> None:
        await in_thread(storage.remove, events)

    async def wait_for_events(self, seconds: float) -> None:
        await self._doorbell.wait(seconds)

    async def handle_once(self, event: Event, handler: Handler) -> bool:
        return await in_thread(storage.handle_once, event, handler)

    async def park(self, letter: DeadLetter) -> None:
        await in_thread(storage.park, letter)

    async def parked(self, limit: int) -> Sequence[DeadLetter]:
        return await in_thread(storage.parked, limit)

    async def find_parked(self, letter_id: str) -> DeadLetter | None:
        return await in_thread(storage.find_parked, letter_id)

    async def discard(self, letter_id: str) -> None:
        await in_thread(storage.discard, letter_id)

    async def take_lease(self, name: str, owner: str, now: datetime, until: datetime) -> bool:
        return await in_thread(storage.take_lease, name, owner, now, until)

    async def give_back_lease(self, name: str, owner: str) -> None:
        await in_thread(storage.give_back_lease, name, owner)


@asynccontextmanager
async def ringing(doorbell: Doorbell) -> AsyncGenerator[None]:
    """Rings whenever this process stores an event, in whichever thread."""
    loop = asyncio.get_running_loop()

    def ring(**_: object) -> None:
        loop.call_soon_threadsafe(doorbell.ring)

    event_stored.connect(ring)
    try:
        yield
    finally:
        event_stored.disconnect(ring)
