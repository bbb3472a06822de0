"""What only PostgreSQL does: it tells every process of an event that any has stored."""

import asyncio

import pytest
from django.db import connection

from service.events import storage
from service.events.database import postgresql
from service.platform.doorbell import Doorbell
from service.platform.threads import in_thread
from tests.events import new_event

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 60
END_LISTENERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN outbox' AND datname = current_database()
"""


async def rings(doorbell: Doorbell) -> bool:
    """Whether it rings well before it would end by itself."""
    try:
        async with asyncio.timeout(10):
            await doorbell.wait(LONG)
    except TimeoutError:
        return False
    return True


async def test_who_listens_hears_of_each_event_and_again_when_the_connection_was_lost() -> None:
    doorbell = Doorbell()
    listening = asyncio.create_task(postgresql.listen(doorbell))
    try:
        assert await rings(doorbell)  # For what came before.
        for _ in range(2):
            await in_thread(storage.append, new_event())
            assert await rings(doorbell)

        await in_thread(_end_listeners)
        assert await rings(doorbell)  # For what came while nobody listened.
        await in_thread(storage.append, new_event())
        assert await rings(doorbell)
    finally:
        listening.cancel()
        await asyncio.wait([listening])


def _end_listeners() -> None:
    with connection.cursor() as cursor:
        cursor.execute(END_LISTENERS)
