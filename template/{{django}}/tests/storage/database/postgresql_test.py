"""What only PostgreSQL does: it tells every process of an event that any has stored; and it can be made to hang."""

import asyncio
import time
from pathlib import Path

import pytest
from django.db import connection, transaction

from service.events import storage, wiring
from service.events.database import postgresql
from service.platform.doorbell import Doorbell
from service.platform.threads import in_thread
from tests.events import new_event
from tests.patience import PATIENCE_SECONDS
from tests.processes import Process, managing

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 60
WAITING = "SELECT pid FROM pg_locks WHERE relation = 'leases'::regclass AND NOT granted"
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


@pytest.mark.skipif(not wiring.LEAVE_THE_PROCESS, reason="there is no broker between processes")
async def test_a_relay_that_waits_for_the_database_ends_as_asked(environment: dict[str, str], tmp_path: Path) -> None:
    with managing("relay", environment, tmp_path) as relay:
        assert await in_thread(_stop_while_it_waits, relay) == 0

    assert relay.lines[-1]["event"] == "stopped"


def _stop_while_it_waits(relay: Process) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE leases IN ACCESS EXCLUSIVE MODE")
        deadline = time.monotonic() + PATIENCE_SECONDS
        cursor.execute(WAITING)
        while not cursor.fetchall():
            assert time.monotonic() < deadline
            time.sleep(0.05)
            cursor.execute(WAITING)
        code = relay.stop()
        cursor.execute(f"SELECT pg_terminate_backend(pid, 10000) FROM ({WAITING})")  # Nobody reads its answer.
    return code
