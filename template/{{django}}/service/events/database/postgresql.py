"""PostgreSQL notifies of every event that any process stores, by a trigger of the outbox."""

from typing import Any

from django.db import connection
from psycopg import AsyncConnection, Error

from service.domain.errors import Unavailable
from service.platform.doorbell import Doorbell

CONNECT_SECONDS = 5

OWN = frozenset({"context", "cursor_factory", "pool", "prepare_threshold"})
"""Parameters of Django's own connections, which are not for a server."""


async def listen(doorbell: Doorbell) -> None:
    """Rings when an event was stored. Ends when the connection is lost."""
    try:
        async with await AsyncConnection.connect(**_parameters(), autocommit=True) as listener:
            await listener.execute("LISTEN outbox")
            doorbell.ring()  # For what came while nobody listened.
            async for _ in listener.notifies():
                doorbell.ring()
    except Error as error:
        raise Unavailable("The database does not answer.") from error


def _parameters() -> dict[str, Any]:
    """How Django connects, but for what is about its pool and its cursors."""
    found = connection.get_connection_params()
    kept = {name: value for name, value in found.items() if name not in OWN}
    return {**kept, "connect_timeout": CONNECT_SECONDS}
