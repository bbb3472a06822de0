"""The relay, the consumer and the dead-letter box of all frameworks, on the storage of this one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import override

import pytest

from service.activity.models import Activity
from service.activity.services import log_activity
from service.adapters.broker.common import Publisher
from service.adapters.clock import SystemClock
from service.domain.errors import NotFound, Unavailable
from service.domain.events import Event
from service.events import storage
from service.events.storage import Handler
from service.events.stored import StoredEvents, ringing
from service.platform import cloudevents, consumer, relay
from service.platform.consumer import Consumer
from service.platform.dead_letters import DeadLetterBox
from service.platform.doorbell import Doorbell
from service.platform.metrics import Metrics
from service.platform.relay import LEASE, LEASE_SECONDS, Relay
from service.platform.threads import in_thread
from tests.clock import MovableClock
from tests.events import NOON, new_event
from tests.patience import until

pytestmark = pytest.mark.django_db(transaction=True)

ATTEMPTS = 3


class RecordingBus(Publisher):
    """Keeps what is published, and can fail."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.published: list[Event] = []
        self.failure: Exception | None = None
        self.calls = 0

    @override
    async def publish(self, events: Sequence[Event]) -> None:
        self.calls += 1
        if self.failure:
            raise self.failure
        self.published += events

    async def consume(self, types: Sequence[str], handle: object) -> None:
        """Nobody reads."""

    async def ping(self) -> None:
        """It is there."""


@asynccontextmanager
async def relaying(bus: RecordingBus, clock: SystemClock | MovableClock | None = None) -> AsyncIterator[None]:
    doorbell = Doorbell()
    async with ringing(doorbell):
        task = asyncio.create_task(Relay(StoredEvents(doorbell), bus, clock or SystemClock(), Metrics()).run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def append(*events: Event) -> None:
    for event in events:
        await in_thread(storage.append, event)


async def pending() -> list[Event]:
    return list(await in_thread(storage.pending, 1000))


def consuming(handler: Handler) -> Consumer[Handler]:
    event_type = new_event().type
    return Consumer(StoredEvents(Doorbell()), {event_type: handler}, SystemClock(), Metrics(), attempts=ATTEMPTS)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(consumer, "FIRST_DELAY_SECONDS", 0.001)


async def test_events_are_published_in_order_and_removed() -> None:
    bus = RecordingBus()
    sent = [replace(new_event("ann"), time=NOON + timedelta(milliseconds=number)) for number in range(5)]
    await append(*sent)
    async with relaying(bus):
        await until(lambda: len(bus.published) >= 5)

    assert bus.published == sent
    assert await pending() == []


async def test_the_relay_hears_of_a_new_event_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "POLL_SECONDS", 60)
    bus = RecordingBus()
    async with relaying(bus):
        await asyncio.sleep(0.2)
        await append(new_event())
        await until(lambda: bool(bus.published))


async def test_nothing_is_removed_while_the_bus_fails() -> None:
    bus = RecordingBus()
    bus.failure = Unavailable("The broker does not answer.")
    event = new_event()
    await append(event)
    async with relaying(bus):
        await until(lambda: bus.calls >= 2)
        assert await pending() == [event]
        bus.failure = None
        await until(lambda: bool(bus.published))

    assert bus.published == [event]


async def test_another_one_takes_over_when_the_lease_has_run_out() -> None:
    bus, clock = RecordingBus(), MovableClock()
    until_then = clock.time + timedelta(seconds=LEASE_SECONDS)
    await in_thread(storage.take_lease, LEASE, "who was killed", clock.time, until_then)
    await append(new_event())
    async with relaying(bus, clock):
        await asyncio.sleep(0.1)
        assert bus.published == []
        clock.move(seconds=LEASE_SECONDS)
        await until(lambda: bool(bus.published))

    assert await in_thread(storage.take_lease, LEASE, "another", clock.time, clock.time)


async def test_an_event_that_comes_twice_has_one_effect() -> None:
    event = new_event("ann")
    for _ in range(2):
        await consuming(log_activity).handle(cloudevents.encode(event))

    assert await in_thread(lambda: [entry.event_id for entry in Activity.objects.all()]) == [event.id]


async def test_what_fails_is_tried_again_and_then_parked_until_it_can_be_handled() -> None:
    calls = 0

    def fail(_event: Event) -> None:
        nonlocal calls
        calls += 1
        raise RuntimeError("no \0 luck")

    event = new_event("ann")
    await consuming(fail).handle(cloudevents.encode(event))
    assert calls == ATTEMPTS
    (letter,) = await in_thread(storage.parked, 10)
    assert (letter.attempts, letter.error) == (ATTEMPTS, "RuntimeError: no \\0 luck")

    box = DeadLetterBox(StoredEvents(Doorbell()), consuming(log_activity))
    assert await box.get(letter.id) == letter
    assert await box.replay(None) == 1
    assert await box.list(10) == []
    with pytest.raises(NotFound):
        await box.replay([letter.id])
    assert await in_thread(Activity.objects.count) == 1
