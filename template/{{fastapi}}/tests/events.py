"""Events for the tests, and waiting until they have taken effect."""

import asyncio
from datetime import UTC, datetime
from time import monotonic

from service.domain.events import SESSION_STARTED, Event
from service.ports import Database

NOON = datetime(2026, 2, 3, 12, 0, 0, 123000, UTC)
PATIENCE_SECONDS = 20


def new_event(subject: str = "somebody", kind: str = SESSION_STARTED) -> Event:
    """An event that the activity log can be made of."""
    data = {"user_id": subject or None, "by": subject or None}
    return Event(source="/tests", type=kind, subject=subject, time=NOON, data=data)


async def pending(database: Database) -> list[Event]:
    async with database.read() as stores:
        return list(await stores.outbox.pending(1000))


async def settled(database: Database) -> None:
    """Waits until all events have been published, which on a bus within the process means: handled."""
    deadline = monotonic() + PATIENCE_SECONDS
    while await pending(database):
        assert monotonic() < deadline, "The outbox does not become empty."
        await asyncio.sleep(0.01)
