from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex

import pytest

from service.activity.models import Activity
from service.activity.services import log_activity, rebuild_activity
from service.domain.events import USER_CREATED, Event, InvalidEvent
from service.events import storage
from tests.events import NOON, new_event

pytestmark = pytest.mark.django_db

type Entry = tuple[object, ...]


def event_number(number: int) -> Event:
    return replace(new_event(f"user {number % 3}"), time=NOON + timedelta(seconds=number))


def entry_of(event: Event) -> Entry:
    return event.key, event.id, event.type, event.data["user_id"], event.data["by"], event.time


def entries() -> list[Entry]:
    return list(Activity.objects.order_by("time").values_list("key", "event_id", "type", "user_id", "by", "time"))


@pytest.mark.parametrize("data", [{"user_id": "ann", "by": None}, {"user_id": None, "by": None, "more": 1}])
def test_an_event_becomes_an_entry(data: Mapping[str, object]) -> None:
    event = replace(new_event("ann", USER_CREATED), data=data)
    assert storage.handle_once(event, log_activity)

    assert entries() == [entry_of(event)]


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
def test_an_event_that_does_not_say_who_is_invalid(data: Mapping[str, object]) -> None:
    with pytest.raises(InvalidEvent, match=r"^data\.(user_id|by): "):
        storage.handle_once(replace(new_event(), data=data), log_activity)

    assert entries() == []


def test_the_log_is_made_anew_from_all_events() -> None:
    handled = [event_number(number) for number in range(25)]
    for event in handled:
        storage.handle_once(event, log_activity)
    Activity.objects.filter(key=handled[3].key).update(user_id="somebody else", time=NOON)
    Activity.objects.create(key=token_hex(16), event_id="1", type=USER_CREATED, time=NOON)

    assert rebuild_activity(batch=10) == 25
    assert entries() == [entry_of(event) for event in handled]


def test_an_empty_log_is_made_anew() -> None:
    assert rebuild_activity() == 0
