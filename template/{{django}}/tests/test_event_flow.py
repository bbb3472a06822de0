"""From a change through the outbox, the broker that was chosen and the inbox to the activity log."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest

from service.activity.models import Activity
from service.events import wiring
from service.platform.metrics import Metrics
from service.platform.threads import in_thread
from service.platform.workers import running
from service.settings import Settings
from service.users import sessions
from service.users.models import User
from service.users.services import NewUser, add_user
from tests.patience import PATIENCE_SECONDS
from tests.people import PASSWORD, new_person
from tests.wiring import broker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def settings(configured: Settings) -> AsyncIterator[Settings]:
    """With a bus that nobody has used yet."""
    async with broker.own(configured) as own:
        yield configured.model_copy(update=own)


@asynccontextmanager
async def started(settings: Settings) -> AsyncGenerator[Metrics]:
    """What runs beside the requests; gives its metrics."""
    metrics = Metrics()
    async with wiring.build(settings, metrics) as events, running([events.consumer, events.relay]):
        yield metrics


async def activity(count: int) -> list[Activity]:
    """The log, when there are so many entries."""
    deadline = monotonic() + PATIENCE_SECONDS
    while len(entries := await in_thread(lambda: list(Activity.objects.all()))) < count:
        assert monotonic() < deadline, entries
        await asyncio.sleep(0.02)
    return entries


async def add_ann() -> User:
    return await in_thread(add_user, NewUser(email="ann@example.org", name="Ann", password=PASSWORD, role="user"))


async def sign_in(times: int) -> None:
    for _ in range(times):
        await in_thread(sessions.sign_in, "ann@example.org", PASSWORD)


def sample(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0


async def test_what_happened_before_the_first_start_is_not_lost(settings: Settings) -> None:
    ann = await add_ann()
    async with started(settings):
        (entry,) = await activity(1)

    assert (entry.type, entry.user_id, entry.by) == ("user.created", str(ann.id), None)


async def test_an_instance_goes_on_where_another_has_stopped(settings: Settings) -> None:
    for number in range(2):
        async with started(settings):
            await in_thread(new_person, f"ann{number}@example.org")
            await activity(1)

    async with started(settings):
        entries = await activity(4)
    assert sorted(entry.type for entry in entries) == ["session.started"] * 2 + ["user.created"] * 2


async def test_of_two_instances_one_handles_each_event(settings: Settings) -> None:
    async with started(settings) as one, started(settings) as other:
        await add_ann()
        await asyncio.gather(sign_in(10), sign_in(10))
        entries = await activity(21)
        await asyncio.sleep(0.05)

    handled = [
        sample(metrics, "events_consumed_total", type="session.started", result="handled") for metrics in (one, other)
    ]
    assert sum(handled) == 20
    assert len({entry.key for entry in entries}) == 21


async def test_metrics_tell_of_events(settings: Settings) -> None:
    async with started(settings) as metrics:
        await in_thread(new_person, "ann@example.org")
        await activity(2)
        await asyncio.sleep(0.05)

    for kind in ("user.created", "session.started"):
        assert sample(metrics, "events_published_total", type=kind) == 1
        assert sample(metrics, "events_consumed_total", type=kind, result="handled") == 1
    assert sample(metrics, "event_lag_seconds_count") == 2
    assert 0 < sample(metrics, "event_lag_seconds_sum") < PATIENCE_SECONDS
    assert b"outbox_events 0.0" in metrics.render()
