import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex

import pytest

from service.domain.activity import Activity
from service.domain.events import USER_CREATED, Event, InvalidEvent
from service.ports import Database
from service.usecases.activity import ActivityLog, log_activity
from tests.events import NOON, new_event


def event_number(number: int) -> Event:
    return replace(new_event(f"user {number % 3}"), time=NOON + timedelta(seconds=number))


def entry_of(event: Event) -> Activity:
    return Activity(
        key=event.key,
        id=event.id,
        type=event.type,
        user_id=event.data["user_id"],
        by=event.data["by"],
        time=event.time,
    )


async def entries(database: Database) -> list[Activity]:
    async with database.read() as stores:
        return list(await stores.activity.page(None, None, 1000))


@pytest.mark.parametrize("data", [{"user_id": "ann", "by": None}, {"user_id": None, "by": None, "more": 1}])
async def test_an_event_becomes_an_entry(database: Database, data: Mapping[str, object]) -> None:
    event = replace(new_event("ann", USER_CREATED), data=data)
    assert await database.handle_once(event, log_activity)

    assert await entries(database) == [entry_of(event)]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"user_id": "ann"},
        {"by": "ann"},
        {"user_id": 1, "by": None},
        {"user_id": "", "by": None},
        {"user_id": "a" * 65, "by": None},
        {"user_id": "a\0b", "by": None},
        {"user_id": "ann", "by": ["ann"]},
    ],
)
async def test_an_event_that_does_not_say_who_is_invalid(database: Database, data: Mapping[str, object]) -> None:
    event = replace(new_event(), data=data)
    with pytest.raises(InvalidEvent, match=r"^data\.(user_id|by): "):
        await database.handle_once(event, log_activity)

    assert await entries(database) == []


async def test_the_log_is_made_anew_from_all_events(database: Database) -> None:
    handled = [event_number(number) for number in range(25)]
    for event in handled:
        await database.handle_once(event, log_activity)
    wrong = replace(entry_of(handled[3]), user_id="somebody else", time=NOON)
    unfounded = replace(wrong, key=token_hex(16))
    async with database.transaction() as stores:
        await stores.activity.put(wrong)
    async with database.transaction() as stores:
        await stores.activity.put(unfounded)

    assert await ActivityLog(database).rebuild(batch=10) == 25
    assert await entries(database) == [entry_of(event) for event in reversed(handled)]


async def test_the_log_is_made_anew_while_events_go_on_coming(database: Database) -> None:
    handled = [event_number(number) for number in range(60)]
    for event in handled[:20]:
        await database.handle_once(event, log_activity)

    async def consume() -> None:
        for event in handled[20:]:
            await database.handle_once(event, log_activity)

    async def rebuild() -> None:
        for _ in range(3):
            await ActivityLog(database).rebuild(batch=7)

    await asyncio.gather(consume(), rebuild())

    assert await entries(database) == [entry_of(event) for event in reversed(handled)]


async def test_an_empty_log_is_made_anew(database: Database) -> None:
    assert await ActivityLog(database).rebuild() == 0
