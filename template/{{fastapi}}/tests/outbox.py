"""What waits in the outbox, and waiting until it has taken effect."""

import asyncio
from time import monotonic

from service.domain.events import Event
from service.ports import Database

PATIENCE_SECONDS = 20


async def pending(database: Database) -> list[Event]:
    async with database.read() as stores:
        return list(await stores.outbox.pending(1000))


async def settled(database: Database) -> None:
    """Waits until all events have been published, which on a bus within the process means: handled."""
    deadline = monotonic() + PATIENCE_SECONDS
    while await pending(database):
        assert monotonic() < deadline, "The outbox does not become empty."
        await asyncio.sleep(0.01)
