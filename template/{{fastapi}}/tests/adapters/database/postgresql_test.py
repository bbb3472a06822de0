"""What only PostgreSQL has: whoever stores an event, the relay of every instance hears of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from service import wiring
from service.adapters.database.postgresql import create_engine
from service.adapters.database.sql.engine import disposing
from service.platform import outages
from service.platform.metrics import Metrics
from service.ports import Database
from service.settings import Settings
from tests.events import new_event

LISTENERS = "SELECT {what} FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
PATIENCE_SECONDS = 20


@pytest.fixture
async def listening(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A database that listens already."""
    monkeypatch.setattr(outages, "RECONNECT_SECONDS", 0.01)
    async with wiring.database.connect(settings, Metrics()) as listening:
        await asyncio.wait_for(listening.wait_for_events(60), PATIENCE_SECONDS)
        yield listening


async def add_event(settings: Settings) -> None:
    """By another instance."""
    async with wiring.database.connect(settings, Metrics()) as other, other.transaction() as stores:
        await stores.outbox.add(new_event())


async def look(settings: Settings, statement: str) -> list[object]:
    async with disposing(create_engine(settings, Metrics())) as engine, engine.connect() as connection:
        return list(await connection.scalars(text(statement)))


async def test_it_hears_of_events_that_another_instance_stores(listening: Database, settings: Settings) -> None:
    for _ in range(2):
        waiting = asyncio.create_task(listening.wait_for_events(60))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await add_event(settings)
        await asyncio.wait_for(waiting, PATIENCE_SECONDS)


async def test_it_hears_of_nothing_else(listening: Database, settings: Settings) -> None:
    waiting = asyncio.create_task(listening.wait_for_events(0.3))
    async with wiring.database.connect(settings, Metrics()) as other:
        await other.handle_once(new_event(), ignore)
    await asyncio.sleep(0.1)

    assert not waiting.done()
    await waiting


async def ignore(*_: object) -> None:
    """As a handler that has nothing to do."""


async def test_it_listens_anew_when_its_connection_is_lost(listening: Database, settings: Settings) -> None:
    (before,) = await look(settings, LISTENERS.format(what="pid"))
    await look(settings, LISTENERS.format(what="pg_terminate_backend(pid)"))
    await asyncio.wait_for(listening.wait_for_events(60), PATIENCE_SECONDS)  # For what came in the meantime.

    (after,) = await look(settings, LISTENERS.format(what="pid"))
    assert after != before
    waiting = asyncio.create_task(listening.wait_for_events(60))
    await add_event(settings)
    await asyncio.wait_for(waiting, PATIENCE_SECONDS)
