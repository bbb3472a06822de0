"""The storage of events as the tests of the relay and the consumer use it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from service.domain.events import Event
from service.events import storage
from service.events.storage import Handler
from service.events.stored import StoredEvents
from service.platform.threads import in_thread

__all__ = ["Handler", "Stored"]


@dataclass(frozen=True, slots=True)
class Stored:
    storage: StoredEvents
    loop: asyncio.AbstractEventLoop

    async def append(self, *events: Event) -> None:
        """Stores events that are to be published."""
        for event in events:
            await in_thread(storage.append, event)

    def handler(self, carry_out: Callable[[Event], Coroutine[Any, Any, None]]) -> Handler:
        """A function of a test as a handler, which runs in a thread and waits there for the event loop."""

        def handle(event: Event) -> None:
            asyncio.run_coroutine_threadsafe(carry_out(event), self.loop).result()

        return handle
