"""The storage of events as the tests of the relay and the consumer use it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from service.domain.events import Event
from service.ports import Database, Handler, Stores
from service.usecases.stored_events import StoredEvents

__all__ = ["Handler", "Stored"]


@dataclass(frozen=True, slots=True)
class Stored:
    storage: StoredEvents
    database: Database

    async def append(self, *events: Event) -> None:
        """Stores events that are to be published."""
        for event in events:
            async with self.database.transaction() as stores:
                await stores.outbox.add(event)

    def handler(self, carry_out: Callable[[Event], Coroutine[Any, Any, None]]) -> Handler:
        """A function of a test as a handler."""

        async def handle(event: Event, _stores: Stores) -> None:
            await carry_out(event)

        return handle
