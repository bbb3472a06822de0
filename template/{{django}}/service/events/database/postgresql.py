"""PostgreSQL notifies of every event that any process stores, by a trigger of the outbox."""

from typing import Any

from django.db import connection
from psycopg import AsyncConnection, Error

from service.platform.doorbell import Doorbell
from service.platform.outages import Outage, reconnecting

OWN = frozenset({"application_name", "context", "cursor_factory", "pool", "prepare_threshold"})
"""What is about Django's own connections: their pool, their cursors, and the name that they are counted by."""


async def listen(doorbell: Doorbell) -> None:
    """Rings when an event was stored."""
    await reconnecting("hear of events", lambda outage: _hear(doorbell, outage), (Error,))


async def _hear(doorbell: Doorbell, outage: Outage) -> None:
    async with await AsyncConnection.connect(**_parameters(), autocommit=True) as listener:
        await listener.execute("LISTEN outbox")
        outage.end()
        doorbell.ring()  # For what came while nobody listened.
        async for _ in listener.notifies():
            doorbell.ring()


def _parameters() -> dict[str, Any]:
    """How Django connects otherwise."""
    found = connection.get_connection_params()
    return {name: value for name, value in found.items() if name not in OWN}
