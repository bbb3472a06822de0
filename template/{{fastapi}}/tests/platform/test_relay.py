import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import override

import pytest

from service.adapters.broker.common import Publisher
from service.adapters.clock import SystemClock
from service.domain.errors import Unavailable
from service.domain.events import Event
from service.platform import cloudevents, relay
from service.platform.consumer import Consumer
from service.platform.metrics import Metrics
from service.platform.ports import Clock
from service.platform.relay import LEASE, LEASE_SECONDS, Relay
from service.ports import Database
from service.usecases.activity import log_activity
from service.usecases.stored_events import StoredEvents
from tests.clock import MovableClock
from tests.events import NOON, new_event
from tests.outbox import pending
from tests.patience import until


class RecordingBus(Publisher):
    """Keeps what is published, and can fail or hang."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.published: list[Event] = []
        self.failure: Exception | None = None
        self.dies_afterwards = False
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.calls = 0

    @override
    async def publish(self, events: Sequence[Event]) -> None:
        self.calls += 1
        await self.is_open.wait()
        if self.failure:
            raise self.failure
        self.published += events
        if self.dies_afterwards:
            raise Killed

    async def consume(self, types: Sequence[str], handle: object) -> None:
        """Nobody reads."""

    async def ping(self) -> None:
        """It is there."""


class Killed(Exception):
    """The process ends here."""


@asynccontextmanager
async def running(database: Database, bus: RecordingBus, clock: Clock, metrics: Metrics) -> AsyncIterator[None]:
    task = asyncio.create_task(Relay(StoredEvents(database), bus, clock, metrics).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Killed):
            await task


async def add(database: Database, *events: Event) -> None:
    for event in events:
        async with database.transaction() as stores:
            await stores.outbox.add(event)


def events(count: int, subject: str = "ann") -> list[Event]:
    return [replace(new_event(subject), time=NOON + timedelta(milliseconds=number)) for number in range(count)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "POLL_SECONDS", 0.02)


@pytest.fixture
def recording_bus() -> RecordingBus:
    return RecordingBus()


async def test_events_are_published_in_order_and_removed(database: Database, recording_bus: RecordingBus) -> None:
    metrics = Metrics()
    sent = events(5, "ann")
    await add(database, *sent)
    async with running(database, recording_bus, SystemClock(), metrics):
        await until(lambda: len(recording_bus.published) >= 5)
        more = replace(events(1)[0], time=NOON + timedelta(seconds=1))
        await add(database, more)
        await until(lambda: len(recording_bus.published) >= 6)

    assert recording_bus.published == [*sent, more]
    assert await pending(database) == []
    assert metrics.registry.get_sample_value("events_published_total", {"type": sent[0].type}) == 6
    assert metrics.registry.get_sample_value("outbox_events") is not None


async def test_it_publishes_batch_after_batch(
    database: Database, recording_bus: RecordingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BATCH", 3)
    monkeypatch.setattr(relay, "POLL_SECONDS", 60)
    sent = events(10)
    await add(database, *sent)
    async with running(database, recording_bus, SystemClock(), Metrics()):
        await until(lambda: len(recording_bus.published) >= 10)

    assert recording_bus.published == sent
    assert recording_bus.calls == 4


async def test_it_hears_of_a_new_event_at_once(
    database: Database, recording_bus: RecordingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "POLL_SECONDS", 60)
    async with running(database, recording_bus, SystemClock(), Metrics()):
        await asyncio.sleep(0.1)
        await add(database, new_event())
        await until(lambda: bool(recording_bus.published))


async def test_of_two_relays_one_publishes(database: Database) -> None:
    buses = [RecordingBus(), RecordingBus()]
    sent = events(40)
    async with (
        running(database, buses[0], SystemClock(), Metrics()),
        running(database, buses[1], SystemClock(), Metrics()),
    ):
        for event in sent:
            await add(database, event)
        await until(lambda: sum(len(bus.published) for bus in buses) >= 40)
        await asyncio.sleep(0.05)

    published = [bus.published for bus in buses if bus.published]
    assert published == [sent]


async def test_nothing_is_removed_while_the_bus_fails(database: Database, recording_bus: RecordingBus) -> None:
    metrics = Metrics()
    sent = events(3)
    recording_bus.failure = Unavailable("The broker does not answer.")
    await add(database, *sent)
    async with running(database, recording_bus, SystemClock(), metrics):
        await until(lambda: recording_bus.calls >= 2)
        assert await pending(database) == sent
        assert metrics.registry.get_sample_value("outbox_events") == 3
        assert metrics.registry.get_sample_value("events_published_total", {"type": sent[0].type}) is None
        recording_bus.failure = None
        await until(lambda: len(recording_bus.published) >= 3)
        await until(lambda: metrics.registry.get_sample_value("outbox_events") == 0)

    assert recording_bus.published == sent


async def test_an_end_between_publishing_and_removing_makes_a_duplicate_without_a_second_effect(
    database: Database, recording_bus: RecordingBus
) -> None:
    recording_bus.dies_afterwards = True
    event = new_event("ann")
    await add(database, event)
    async with running(database, recording_bus, SystemClock(), Metrics()):
        await until(lambda: bool(recording_bus.published))
    assert await pending(database) == [event]
    recording_bus.dies_afterwards = False
    async with running(database, recording_bus, SystemClock(), Metrics()):
        await until(lambda: len(recording_bus.published) >= 2)

    assert recording_bus.published == [event, event]
    metrics = Metrics()
    consumer = Consumer(StoredEvents(database), {event.type: log_activity}, SystemClock(), metrics, attempts=1)
    for each in recording_bus.published:
        await consumer.handle(cloudevents.encode(each))
    async with database.read() as stores:
        assert [entry.id for entry in await stores.activity.page(None, None, 10)] == [event.id]
    labels = {"type": event.type, "result": "duplicate"}
    assert metrics.registry.get_sample_value("events_consumed_total", labels) == 1


async def test_another_one_takes_over_when_the_lease_has_run_out(
    database: Database, recording_bus: RecordingBus
) -> None:
    clock = MovableClock()
    async with database.transaction() as stores:
        await stores.leases.take(LEASE, "who was killed", clock.time, clock.time + timedelta(seconds=LEASE_SECONDS))
    await add(database, new_event())
    async with running(database, recording_bus, clock, Metrics()):
        await asyncio.sleep(0.1)
        assert recording_bus.published == []
        clock.move(seconds=LEASE_SECONDS)
        await until(lambda: bool(recording_bus.published))


async def test_who_stops_lets_others_go_on_at_once(database: Database, recording_bus: RecordingBus) -> None:
    clock = MovableClock()
    await add(database, new_event())
    async with running(database, recording_bus, clock, Metrics()):
        await until(lambda: bool(recording_bus.published))

    async with database.transaction() as stores:
        assert await stores.leases.take(LEASE, "another", clock.time, clock.time)


async def test_who_stops_finishes_what_has_begun(database: Database, recording_bus: RecordingBus) -> None:
    recording_bus.is_open.clear()
    event = new_event()
    await add(database, event)
    async with running(database, recording_bus, SystemClock(), Metrics()):
        await until(lambda: recording_bus.calls > 0)
        asyncio.get_running_loop().call_later(0.05, recording_bus.is_open.set)

    assert recording_bus.published == [event]
    assert await pending(database) == []


async def test_who_cannot_give_the_lease_back_stops_all_the_same(
    database: Database, recording_bus: RecordingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(database, recording_bus, SystemClock(), Metrics()):
        await asyncio.sleep(0.05)
        monkeypatch.setattr(type(database), "transaction", refuse)


def refuse(_database: Database) -> None:
    raise Unavailable("The database does not answer.")
