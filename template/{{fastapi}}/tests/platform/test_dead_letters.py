import pytest

from service.domain.errors import NotFound
from service.domain.events import DeadLetter
from service.platform import cloudevents
from service.ports import Database
from service.wiring import Service
from tests.events import NOON, new_event


async def park(database: Database, body: bytes) -> DeadLetter:
    letter = DeadLetter(body=body, error="Error: no luck", attempts=5, parked_at=NOON)
    async with database.transaction() as stores:
        await stores.dead_letters.add(letter)
    return letter


async def test_what_can_be_handled_now_is_gone_and_what_cannot_is_parked_anew(
    service: Service, database: Database
) -> None:
    event = new_event()
    good, bad = await park(database, cloudevents.encode(event)), await park(database, b"garbage")

    assert await service.dead_letters.replay(None) == 2

    (left,) = await service.dead_letters.list(10)
    assert (left.body, left.error.split(":")[0]) == (b"garbage", "InvalidEvent")
    assert left.id not in {good.id, bad.id}
    async with database.read() as stores:
        assert [entry.id for entry in await stores.activity.page(None, None, 10)] == [event.id]


async def test_some_can_be_replayed(service: Service, database: Database) -> None:
    one, other = await park(database, cloudevents.encode(new_event())), await park(database, b"garbage")

    assert await service.dead_letters.replay([one.id]) == 1
    assert await service.dead_letters.list(10) == [other]
    assert await service.dead_letters.get(other.id) == other


async def test_what_is_not_parked_cannot_be_replayed(service: Service, database: Database) -> None:
    one = await park(database, cloudevents.encode(new_event()))

    for attempt in (service.dead_letters.get("unknown"), service.dead_letters.replay([one.id, "unknown"])):
        with pytest.raises(NotFound, match="unknown"):
            await attempt
    assert await service.dead_letters.list(10) == [one]
