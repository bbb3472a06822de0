import pytest

from service.domain.errors import NotFound
from service.domain.events import DeadLetter, Event
from service.platform import cloudevents
from service.platform.consumer import Consumer
from service.platform.dead_letters import DeadLetterBox
from service.platform.metrics import Metrics
from tests.clock import MovableClock
from tests.events import NOON, new_event
from tests.stored import Handler, Stored


@pytest.fixture
def handled() -> list[Event]:
    """What has been handled."""
    return []


@pytest.fixture
def box(stored: Stored, handled: list[Event]) -> DeadLetterBox[Handler]:
    async def handle(event: Event) -> None:
        handled.append(event)

    handlers = {new_event().type: stored.handler(handle)}
    consumer = Consumer(stored.storage, handlers, MovableClock(), Metrics(), attempts=1)
    return DeadLetterBox(stored.storage, consumer)


async def park(stored: Stored, body: bytes) -> DeadLetter:
    letter = DeadLetter(body=body, error="Error: no luck", attempts=5, parked_at=NOON)
    await stored.storage.park(letter)
    return letter


async def test_what_can_be_handled_now_is_gone_and_what_cannot_is_parked_anew(
    box: DeadLetterBox[Handler], stored: Stored, handled: list[Event]
) -> None:
    event = new_event()
    good, bad = await park(stored, cloudevents.encode(event)), await park(stored, b"garbage")

    assert await box.replay(None) == 2

    (left,) = await box.list(10)
    assert (left.body, left.error.split(":")[0]) == (b"garbage", "InvalidEvent")
    assert left.id not in {good.id, bad.id}
    assert handled == [event]


async def test_some_can_be_replayed(box: DeadLetterBox[Handler], stored: Stored) -> None:
    one, other = await park(stored, cloudevents.encode(new_event())), await park(stored, b"garbage")

    assert await box.replay([one.id]) == 1
    assert await box.list(10) == [other]
    assert await box.get(other.id) == other


async def test_what_is_not_parked_cannot_be_replayed(box: DeadLetterBox[Handler], stored: Stored) -> None:
    one = await park(stored, cloudevents.encode(new_event()))

    for attempt in (box.get("unknown"), box.replay([one.id, "unknown"])):
        with pytest.raises(NotFound, match="unknown"):
            await attempt
    assert await box.list(10) == [one]
