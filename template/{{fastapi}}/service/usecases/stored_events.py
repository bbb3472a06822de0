"""The events' side of the database, as the relay, the consumer and the dead-letter box need it."""

from collections.abc import Sequence
from datetime import datetime

from service.domain.events import DeadLetter, Event
from service.ports import Database, Handler


class StoredEvents:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(self, limit: int) -> Sequence[Event]:
        async with self._database.read() as stores:
            return await stores.outbox.pending(limit)

    async def remove(self, events: Sequence[Event]) -> None:
        async with self._database.transaction() as stores:
            await stores.outbox.remove(events)

    async def wait_for_events(self, seconds: float) -> None:
        await self._database.wait_for_events(seconds)

    async def handle_once(self, event: Event, handler: Handler) -> bool:
        return await self._database.handle_once(event, handler)

    async def park(self, letter: DeadLetter) -> None:
        async with self._database.transaction() as stores:
            await stores.dead_letters.add(letter)

    async def parked(self, limit: int) -> Sequence[DeadLetter]:
        async with self._database.read() as stores:
            return await stores.dead_letters.list(limit)

    async def find_parked(self, letter_id: str) -> DeadLetter | None:
        async with self._database.read() as stores:
            return await stores.dead_letters.get(letter_id)

    async def discard(self, letter_id: str) -> None:
        async with self._database.transaction() as stores:
            await stores.dead_letters.remove(letter_id)

    async def take_lease(self, name: str, owner: str, now: datetime, until: datetime) -> bool:
        async with self._database.transaction() as stores:
            return await stores.leases.take(name, owner, now, until)

    async def give_back_lease(self, name: str, owner: str) -> None:
        async with self._database.transaction() as stores:
            await stores.leases.give_back(name, owner)
