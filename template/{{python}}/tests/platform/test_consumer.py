import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import monotonic

import pytest

from service.domain.errors import Unavailable
from service.domain.events import DeadLetter, Event, InvalidEvent
from service.platform import cloudevents, consumer, trace_context
from service.platform.consumer import Consumer
from service.platform.metrics import Metrics
from tests.clock import MovableClock
from tests.events import NOON, new_event
from tests.patience import until
from tests.stored import Handler, Stored

KIND = "a.kind"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ATTEMPTS = 3


class Handlers:
    """One handler, whose luck can be set."""

    def __init__(self) -> None:
        self.handled: list[str] = []
        self.errors: list[Exception] = []
        self.traces: list[str | None] = []
        self.times: list[float] = []
        self.pauses: dict[str, asyncio.Event] = {}

    async def handle(self, event: Event) -> None:
        self.traces.append(trace_context.current())
        self.times.append(monotonic())
        if event.id in self.pauses:
            await self.pauses[event.id].wait()
        if self.errors:
            raise self.errors.pop(0)
        self.handled.append(event.id)


def failing_at_first[**Arguments, Result](
    method: Callable[Arguments, Awaitable[Result]], times: int
) -> Callable[Arguments, Awaitable[Result]]:
    """The method of a storage whose database is down for so many calls."""
    errors = [Unavailable("The database does not answer.")] * times

    async def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        if errors:
            raise errors.pop()
        return await method(*arguments, **named)

    return call


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "FIRST_DELAY_SECONDS", 0.001)
    monkeypatch.setattr(consumer, "LONGEST_DELAY_SECONDS", 0.01)


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
def counted() -> Metrics:
    return Metrics()


@pytest.fixture
def a_consumer(stored: Stored, handlers: Handlers, counted: Metrics) -> Consumer[Handler]:
    clock = MovableClock(NOON)
    clock.move(seconds=2)
    return Consumer(stored.storage, {KIND: stored.handler(handlers.handle)}, clock, counted, attempts=ATTEMPTS)


async def parked(stored: Stored) -> list[DeadLetter]:
    return list(await stored.storage.parked(10))


def events_of(metrics: Metrics, kind: str, result: str) -> float:
    labels = {"type": kind, "result": result}
    return metrics.registry.get_sample_value("events_consumed_total", labels) or 0


def body_of(event_id: str, subject: str = "ann", kind: str = KIND) -> bytes:
    return cloudevents.encode(replace(new_event(subject, kind), id=event_id, trace=TRACE))


async def test_an_event_is_handled_and_a_duplicate_is_not(
    a_consumer: Consumer[Handler], handlers: Handlers, counted: Metrics
) -> None:
    for event_id in ("1", "2", "1"):
        await a_consumer.handle(body_of(event_id))

    assert handlers.handled == ["1", "2"]
    assert (events_of(counted, KIND, "handled"), events_of(counted, KIND, "duplicate")) == (2, 1)
    assert counted.registry.get_sample_value("event_lag_seconds_count") == 3
    assert counted.registry.get_sample_value("event_lag_seconds_sum") == 6


async def test_the_handler_has_the_trace_context_of_what_caused_the_event(
    a_consumer: Consumer[Handler], handlers: Handlers
) -> None:
    with trace_context.bound(None):
        await a_consumer.handle(body_of("1"))
        assert trace_context.current() is None

    assert handlers.traces == [TRACE]


async def test_a_handler_that_fails_is_tried_again(
    a_consumer: Consumer[Handler], handlers: Handlers, stored: Stored, counted: Metrics
) -> None:
    handlers.errors = [RuntimeError("no luck")] * (ATTEMPTS - 1)
    await a_consumer.handle(body_of("1"))

    assert handlers.handled == ["1"]
    assert await parked(stored) == []
    assert events_of(counted, KIND, "handled") == 1


async def test_a_handler_that_fails_too_often_has_its_message_parked(
    a_consumer: Consumer[Handler], handlers: Handlers, stored: Stored, counted: Metrics
) -> None:
    handlers.errors = [RuntimeError("no \0 luck \ud800")] * ATTEMPTS
    await a_consumer.handle(body_of("1"))
    await a_consumer.handle(body_of("2"))

    (letter,) = await parked(stored)
    assert (letter.body, letter.attempts) == (body_of("1"), ATTEMPTS)
    assert letter.error == "RuntimeError: no \\0 luck \\ud800"
    assert letter.parked_at.isoformat() == "2026-02-03T12:00:02.123000+00:00"
    assert handlers.handled == ["2"]
    assert sum(events_of(counted, kind, "parked") for kind in (KIND, "unknown")) == 1


async def test_it_waits_longer_from_attempt_to_attempt(
    a_consumer: Consumer[Handler], handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "FIRST_DELAY_SECONDS", 0.04)
    monkeypatch.setattr(consumer, "LONGEST_DELAY_SECONDS", 1)
    handlers.errors = [RuntimeError("no luck")] * ATTEMPTS
    await a_consumer.handle(body_of("1"))

    first, second, third = handlers.times
    assert second - first >= 0.02
    assert third - second >= 0.04


async def test_what_is_no_event_is_parked_at_once(a_consumer: Consumer[Handler], stored: Stored) -> None:
    await a_consumer.handle(b"\x00 garbage \xff")

    (letter,) = await parked(stored)
    assert (letter.body, letter.attempts) == (b"\x00 garbage \xff", 1)
    assert letter.error.startswith("InvalidEvent: not a CloudEvent")


async def test_data_that_break_their_promise_are_parked_at_once(
    a_consumer: Consumer[Handler], handlers: Handlers, stored: Stored
) -> None:
    handlers.errors = [InvalidEvent("data.user_id: is missing"), RuntimeError("not tried again")]
    await a_consumer.handle(body_of("1"))

    assert [(letter.attempts, letter.error) for letter in await parked(stored)] == [
        (1, "InvalidEvent: data.user_id: is missing")
    ]


async def test_types_without_a_handler_are_ignored(
    a_consumer: Consumer[Handler], handlers: Handlers, stored: Stored, counted: Metrics
) -> None:
    await a_consumer.handle(body_of("1", kind="another.kind"))

    assert handlers.handled == []
    assert await parked(stored) == []
    assert events_of(counted, "unknown", "ignored") == 1


@pytest.mark.parametrize("body", [body_of("1"), b"garbage"])
async def test_a_database_that_is_down_is_no_fault_of_the_message(
    a_consumer: Consumer[Handler], stored: Stored, handlers: Handlers, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    handlers.errors = [RuntimeError("no luck")] * (ATTEMPTS - 1)
    storage = stored.storage
    monkeypatch.setattr(storage, "handle_once", failing_at_first(storage.handle_once, 2 * ATTEMPTS))
    monkeypatch.setattr(storage, "park", failing_at_first(storage.park, 2 * ATTEMPTS))
    await a_consumer.handle(body)

    is_event = body != b"garbage"
    assert handlers.handled == ["1"] * is_event
    assert len(await parked(stored)) == (not is_event)


async def test_events_of_a_subject_take_turns(a_consumer: Consumer[Handler], handlers: Handlers) -> None:
    handlers.pauses["1"] = asyncio.Event()
    tasks = [asyncio.create_task(a_consumer.handle(body_of(each))) for each in ("1", "2", "3")]
    await asyncio.sleep(0.05)
    assert handlers.handled == []
    handlers.pauses["1"].set()
    await asyncio.gather(*tasks)

    assert handlers.handled == ["1", "2", "3"]


async def test_different_subjects_do_not_wait_for_each_other(
    a_consumer: Consumer[Handler], stored: Stored, handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handle(event: Event, _handler: Handler) -> bool:
        """Without a transaction, since some databases have one writer at a time."""
        await handlers.handle(event)
        return True

    monkeypatch.setattr(stored.storage, "handle_once", handle)
    subjects = [str(number) for number in range(consumer.AT_A_TIME + 1)]
    handlers.pauses = dict.fromkeys(subjects, asyncio.Event())
    tasks = [asyncio.create_task(a_consumer.handle(body_of(each, subject=each))) for each in subjects]
    await until(lambda: len(handlers.traces) == consumer.AT_A_TIME)
    await asyncio.sleep(0.1)
    assert len(handlers.traces) == consumer.AT_A_TIME  # All of them, up to a limit.
    handlers.pauses["0"].set()
    await asyncio.gather(*tasks)

    assert sorted(handlers.handled) == subjects


async def test_one_that_fails_keeps_its_turn(a_consumer: Consumer[Handler], handlers: Handlers) -> None:
    handlers.errors = [RuntimeError("no luck")] * (ATTEMPTS - 1)
    await asyncio.gather(*(a_consumer.handle(body_of(each)) for each in ("1", "2")))

    assert handlers.handled == ["1", "2"]


async def test_turns_leave_nothing_behind() -> None:
    turns = consumer.Turns()
    order: list[str] = []

    async def take(name: str, subject: str) -> None:
        async with turns.of(subject):
            await asyncio.sleep(0.01)
            order.append(name)

    others = [asyncio.create_task(take(str(number), "ann")) for number in range(3)]
    await asyncio.sleep(0)
    await asyncio.wait_for(take("bob's", "bob"), 1)
    await asyncio.gather(*others)

    assert [name for name in order if name != "bob's"] == ["0", "1", "2"]
    assert order.index("bob's") < 2  # He did not wait for all of the others.
    assert not any(vars(turns).values())
