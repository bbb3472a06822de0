"""What every bus promises."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from service.about import SOURCE
from service.domain.events import Event
from service.platform import cloudevents, trace_context
from service.platform.ports import EventBus
from service.settings import Settings
from tests.clock import MovableClock
from tests.events import new_event
from tests.patience import PATIENCE_SECONDS, until
from tests.wiring import broker as test_broker
from tests.wiring import connect_bus

KINDS = ["one", "other"]
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Reader:
    """Consumes, and keeps what has come."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.may_finish = asyncio.Event()
        self.may_finish.set()
        self.finished = 0

    async def handle(self, body: bytes) -> None:
        self.bodies.append(body)
        await self.may_finish.wait()
        await asyncio.sleep(0.01)
        self.finished += 1

    @property
    def events(self) -> list[Event]:
        return [cloudevents.decode(body) for body in self.bodies]


@asynccontextmanager
async def reading(bus: EventBus) -> AsyncGenerator[Reader]:
    """A reader that has a place to read from, for as long as the block lasts."""
    reader = Reader()
    task = asyncio.create_task(bus.consume(KINDS, reader.handle))
    try:
        await asyncio.sleep(0)
        yield reader
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        assert task.done()


@pytest.fixture
async def space(configured: Settings) -> AsyncIterator[Settings]:
    """The settings of a bus that only this test uses."""
    async with test_broker.own(configured) as own:
        yield configured.model_copy(update=own)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def bus(space: Settings, clock: MovableClock) -> AsyncIterator[EventBus]:
    async with connect_bus(space, clock) as bus:
        yield bus


def events(count: int, subject: str = "somebody") -> list[Event]:
    return [new_event(subject, KINDS[0]) for _ in range(count)]


async def test_it_answers(bus: EventBus) -> None:
    await bus.ping()


async def test_what_is_published_arrives_whole_and_once(bus: EventBus) -> None:
    sent = [
        replace(new_event("ann", "one"), data={"text": "é😀", "number": 1.5, "nothing": None}, trace=TRACE),
        replace(new_event("", "other"), data={}),
    ]
    async with reading(bus) as reader:
        await bus.publish(sent)
        await until(lambda: len(reader.bodies) >= 2)
        await asyncio.sleep(0.1)

    assert sorted(reader.events, key=lambda event: event.id) == sorted(sent, key=lambda event: event.id)


async def test_events_of_a_subject_arrive_in_their_order(bus: EventBus) -> None:
    sent = [event for _ in range(50) for event in (*events(1, "ann"), *events(1, "bob"))]
    async with reading(bus) as reader:
        for start in range(0, 100, 25):
            await bus.publish(sent[start : start + 25])
        await until(lambda: len(reader.bodies) >= 100)

    for subject in ("ann", "bob"):
        ids = [event.id for event in sent if event.subject == subject]
        assert [event.id for event in reader.events if event.subject == subject] == ids


async def test_an_event_can_be_published_right_away(bus: EventBus, clock: MovableClock) -> None:
    async with reading(bus) as reader:
        with trace_context.bound(TRACE):
            await bus.publish_event("one", {"a": 1}, subject="ann")
        await until(lambda: bool(reader.bodies))

    (event,) = reader.events
    assert (event.source, event.type, event.subject, event.time) == (SOURCE, "one", "ann", clock.time)
    assert (event.data, event.trace) == ({"a": 1}, TRACE)


async def test_many_are_handled_at_the_same_time(bus: EventBus) -> None:
    async with reading(bus) as reader:
        reader.may_finish.clear()
        publishing = asyncio.create_task(bus.publish(events(5)))
        await until(lambda: len(reader.bodies) >= 5)
        reader.may_finish.set()
        await publishing


async def test_who_stops_reading_finishes_what_has_begun(bus: EventBus) -> None:
    async with reading(bus) as reader:
        reader.may_finish.clear()
        publishing = asyncio.create_task(bus.publish(events(3)))
        await until(lambda: len(reader.bodies) >= 3)
        asyncio.get_running_loop().call_later(0.05, reader.may_finish.set)

    await publishing
    assert reader.finished == 3


async def test_who_reads_again_goes_on_where_it_stopped(bus: EventBus) -> None:
    first, second = events(2)
    async with reading(bus) as reader:
        await bus.publish([first])
        await until(lambda: bool(reader.finished))
    async with reading(bus) as again:
        await bus.publish([second])
        await until(lambda: bool(again.bodies))
        await asyncio.sleep(0.1)

    assert reader.events == [first]
    assert again.events == [second]


async def test_the_tests_use_no_bus_of_anybody_else(configured: Settings, space: Settings) -> None:
    names = [name for name in Settings.model_fields if name.startswith("events_")]

    assert all(getattr(configured, name) != getattr(space, name) for name in names)
