"""From a request through the outbox, the broker that was chosen and the inbox to the activity log."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from fastapi import FastAPI

from service import wiring
from service.api.rest.app import create_app
from service.domain.activity import Activity
from service.domain.users import NewUser
from service.platform.metrics import Metrics
from service.ports import Database
from service.settings import Settings
from service.wiring import Service
from tests.people import PASSWORD, new_person
from tests.wiring import broker as test_broker

PATIENCE_SECONDS = 30


@pytest.fixture
async def live_settings(settings: Settings, configured: Settings) -> AsyncIterator[Settings]:
    """With a bus that nobody has used yet."""
    async with test_broker.own(configured) as own:
        yield settings.model_copy(update=own)


@asynccontextmanager
async def started(settings: Settings) -> AsyncGenerator[FastAPI]:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


async def activity(database: Database, count: int) -> list[Activity]:
    """The log, when there are so many entries."""
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        async with database.read() as stores:
            entries = list(await stores.activity.page(None, None, 1000))
        if len(entries) >= count:
            return entries
        assert monotonic() < deadline, entries
        await asyncio.sleep(0.02)


def sample(app: FastAPI, name: str, **labels: str) -> float:
    return app.state.metrics.registry.get_sample_value(name, labels) or 0


async def sign_in(service: Service, times: int) -> None:
    for _ in range(times):
        await service.sessions.sign_in("ann@example.org", PASSWORD)


async def test_what_happened_before_the_first_start_is_not_lost(live_settings: Settings, database: Database) -> None:
    async with wiring.build(live_settings, Metrics()) as service:
        created = await service.users.add(NewUser(email="ann@example.org", name="Ann", password=PASSWORD))
    async with started(live_settings) as app:
        (entry,) = await activity(database, 1)
        assert (await app.state.service.activity.page(created, created.id, None, 10)).items == [entry]

    assert (entry.type, entry.user_id, entry.by) == ("user.created", created.id, None)


async def test_an_instance_goes_on_where_another_has_stopped(live_settings: Settings, database: Database) -> None:
    for number in range(2):
        async with started(live_settings) as app:
            async with new_person(app, f"ann{number}@example.org"):
                """Is created, and signs in."""
            await activity(database, 1)

    async with started(live_settings):
        entries = await activity(database, 4)
    assert sorted(entry.type for entry in entries) == ["session.started"] * 2 + ["user.created"] * 2


async def test_of_two_instances_one_handles_each_event(live_settings: Settings, database: Database) -> None:
    async with started(live_settings) as one, started(live_settings) as other:
        await one.state.service.users.add(NewUser(email="ann@example.org", name="Ann", password=PASSWORD))
        await asyncio.gather(*(sign_in(app.state.service, 10) for app in (one, other)))
        entries = await activity(database, 21)
        await asyncio.sleep(0.05)

    handled = [sample(app, "events_consumed_total", type="session.started", result="handled") for app in (one, other)]
    assert sum(handled) == 20
    assert len({entry.key for entry in entries}) == 21


async def test_metrics_tell_of_events(live_settings: Settings, database: Database) -> None:
    async with started(live_settings) as app:
        async with new_person(app, "ann@example.org"):
            await activity(database, 2)
        await asyncio.sleep(0.05)

    for kind in ("user.created", "session.started"):
        assert sample(app, "events_published_total", type=kind) == 1
        assert sample(app, "events_consumed_total", type=kind, result="handled") == 1
    assert sample(app, "event_lag_seconds_count") == 2
    assert 0 < sample(app, "event_lag_seconds_sum") < PATIENCE_SECONDS
    assert b"outbox_events 0.0" in app.state.metrics.render()
