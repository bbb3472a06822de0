import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
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
from tests.clock import MovableClock
from tests.events import NOON, new_event
from tests.patience import PATIENCE_SECONDS, until
from tests.stored import Stored


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
async def running(stored: Stored, bus: RecordingBus, clock: Clock, metrics: Metrics) -> AsyncGenerator[None]:
    task = asyncio.create_task(Relay(stored.storage, bus, clock, metrics).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Killed):
            await task


async def pending(stored: Stored) -> list[Event]:
    return list(await stored.storage.pending(1000))


def events(count: int, subject: str = "ann") -> list[Event]:
    return [replace(new_event(subject), time=NOON + timedelta(milliseconds=number)) for number in range(count)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "POLL_SECONDS", 0.02)


@pytest.fixture
def recording_bus() -> RecordingBus:
    return RecordingBus()


async def test_events_are_published_in_order_and_removed(stored: Stored, recording_bus: RecordingBus) -> None:
    metrics = Metrics()
    sent = events(5, "ann")
    await stored.append(*sent)
    async with running(stored, recording_bus, SystemClock(), metrics):
        await until(lambda: len(recording_bus.published) >= 5)
        more = replace(events(1)[0], time=NOON + timedelta(seconds=1))
        await stored.append(more)
        await until(lambda: len(recording_bus.published) >= 6)

    assert recording_bus.published == [*sent, more]
    assert await pending(stored) == []
    assert metrics.registry.get_sample_value("events_published_total", {"type": sent[0].type}) == 6
    assert metrics.registry.get_sample_value("outbox_events") is not None


async def test_it_publishes_batch_after_batch(
    stored: Stored, recording_bus: RecordingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BATCH", 3)
    monkeypatch.setattr(relay, "POLL_SECONDS", 60)
    sent = events(10)
    await stored.append(*sent)
    async with running(stored, recording_bus, SystemClock(), Metrics()):
        await until(lambda: len(recording_bus.published) >= 10)

    assert recording_bus.published == sent
    assert recording_bus.calls == 4


async def test_it_hears_of_a_new_event_at_once(
    stored: Stored, recording_bus: RecordingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "POLL_SECONDS", 60)
    async with running(stored, recording_bus, SystemClock(), Metrics()):
        await asyncio.sleep(0.1)
        await stored.append(new_event())
        await until(lambda: bool(recording_bus.published))


async def test_of_two_relays_one_publishes(stored: Stored) -> None:
    buses = [RecordingBus(), RecordingBus()]
    sent = events(40)
    async with (
        running(stored, buses[0], SystemClock(), Metrics()),
        running(stored, buses[1], SystemClock(), Metrics()),
    ):
        for event in sent:
            await stored.append(event)
        await until(lambda: sum(len(bus.published) for bus in buses) >= 40)
        await asyncio.sleep(0.05)

    published = [bus.published for bus in buses if bus.published]
    assert published == [sent]


async def test_nothing_is_removed_while_the_bus_fails(stored: Stored, recording_bus: RecordingBus) -> None:
    metrics = Metrics()
    sent = events(3)
    recording_bus.failure = Unavailable("The broker does not answer.")
    await stored.append(*sent)
    async with running(stored, recording_bus, SystemClock(), metrics):
        await until(lambda: recording_bus.calls >= 2)
        assert await pending(stored) == sent
        assert metrics.registry.get_sample_value("outbox_events") == 3
        assert metrics.registry.get_sample_value("events_published_total", {"type": sent[0].type}) is None
        recording_bus.failure = None
        await until(lambda: len(recording_bus.published) >= 3)
        await until(lambda: metrics.registry.get_sample_value("outbox_events") == 0)

    assert recording_bus.published == sent


async def test_an_end_between_publishing_and_removing_makes_a_duplicate_without_a_second_effect(
    stored: Stored, recording_bus: RecordingBus
) -> None:
    recording_bus.dies_afterwards = True
    event = new_event("ann")
    await stored.append(event)
    async with running(stored, recording_bus, SystemClock(), Metrics()):
        await until(lambda: bool(recording_bus.published))
    assert await pending(stored) == [event]
    recording_bus.dies_afterwards = False
    async with running(stored, recording_bus, SystemClock(), Metrics()):
        await until(lambda: len(recording_bus.published) >= 2)

    assert recording_bus.published == [event, event]
    metrics = Metrics()
    handled: list[Event] = []

    async def handle(event: Event) -> None:
        handled.append(event)

    handlers = {event.type: stored.handler(handle)}
    consumer = Consumer(stored.storage, handlers, SystemClock(), metrics, attempts=1)
    for each in recording_bus.published:
        await consumer.handle(cloudevents.encode(each))
    assert handled == [event]
    labels = {"type": event.type, "result": "duplicate"}
    assert metrics.registry.get_sample_value("events_consumed_total", labels) == 1


async def test_another_one_takes_over_when_the_lease_has_run_out(stored: Stored, recording_bus: RecordingBus) -> None:
    clock = MovableClock()
    until_then = clock.time + timedelta(seconds=LEASE_SECONDS)
    await stored.storage.take_lease(LEASE, "who was killed", clock.time, until_then)
    await stored.append(new_event())
    async with running(stored, recording_bus, clock, Metrics()):
        await asyncio.sleep(0.1)
        assert recording_bus.published == []
        clock.move(seconds=LEASE_SECONDS)
        await until(lambda: bool(recording_bus.published))


async def test_who_stops_lets_others_go_on_at_once(stored: Stored, recording_bus: RecordingBus) -> None:
    clock = MovableClock()
    await stored.append(new_event())
    async with running(stored, recording_bus, clock, Metrics()):
        await until(lambda: bool(recording_bus.published))

    assert await stored.storage.take_lease(LEASE, "another", clock.time, clock.time)


async def test_who_stops_finishes_what_has_begun(stored: Stored, recording_bus: RecordingBus) -> None:
    recording_bus.is_open.clear()
    event = new_event()
    await stored.append(event)
    async with running(stored, recording_bus, SystemClock(), Metrics()):
        await until(lambda: recording_bus.calls > 0)
        asyncio.get_running_loop().call_later(0.05, recording_bus.is_open.set)

    assert recording_bus.published == [event]
    assert await pending(stored) == []


async def refuse(_name: str, _owner: str) -> None:
    raise Unavailable("The database does not answer.")


async def hang(_name: str, _owner: str) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("give_back", [refuse, hang])
async def test_who_cannot_give_the_lease_back_stops_all_the_same(
    stored: Stored,
    recording_bus: RecordingBus,
    monkeypatch: pytest.MonkeyPatch,
    give_back: Callable[[str, str], Awaitable[None]],
) -> None:
    monkeypatch.setattr(relay, "GIVE_BACK_SECONDS", 0.05)
    async with asyncio.timeout(PATIENCE_SECONDS):
        async with running(stored, recording_bus, SystemClock(), Metrics()):
            await asyncio.sleep(0.05)
            monkeypatch.setattr(stored.storage, "give_back_lease", give_back)
