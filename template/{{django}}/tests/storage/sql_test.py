"""What only a database with transactions promises."""

from contextlib import suppress
from dataclasses import replace

import pytest
from django.db import transaction

from service.activity.models import Activity
from service.domain.events import Event
from service.events import storage
from service.events.signals import event_stored
from service.users.models import User
from tests.events import NOON, new_event
from tests.storage.helpers import MILLISECOND, add_user, at_once, ignore, pending

pytestmark = pytest.mark.django_db(transaction=True)


def test_events_come_in_the_order_of_their_transactions_whatever_their_clocks_say() -> None:
    events = [replace(new_event(f"user {number % 3}"), time=NOON - number * MILLISECOND) for number in range(9)]
    for event in events:
        storage.append(event)

    assert list(storage.pending(4)) == events[:4]


def test_an_event_is_there_exactly_if_its_change_is() -> None:
    with suppress(RuntimeError), transaction.atomic():
        add_user("ann", new_event("ann"))
        raise RuntimeError("no luck")

    assert not User.objects.exists()
    assert pending() == []


def test_who_listens_hears_of_an_event_when_its_transaction_has_ended() -> None:
    heard: list[int] = []

    def hear(**_: object) -> None:
        heard.append(len(pending()))

    event_stored.connect(hear)
    try:
        with transaction.atomic():
            storage.append(new_event())
            assert heard == []
        assert heard == [1]
        with suppress(RuntimeError), transaction.atomic():
            storage.append(new_event())
            raise RuntimeError("no luck")
        assert heard == [1]
    finally:
        event_stored.disconnect(hear)


def test_an_event_that_comes_many_times_at_once_is_handled_once() -> None:
    event = new_event()
    handled: list[Event] = []

    results = at_once(lambda _: storage.handle_once(event, handled.append), range(10))

    assert sorted(results) == [False] * 9 + [True]
    assert handled == [event]


def test_an_event_whose_handler_fails_is_still_new_and_has_no_effect() -> None:
    event = new_event()

    def fail(_event: Event) -> None:
        Activity.objects.create(key=event.key, event_id=event.id, type=event.type, time=event.time)
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError):
        storage.handle_once(event, fail)

    assert not Activity.objects.exists()
    assert list(storage.handled("", [event.type], 10)) == []
    assert storage.handle_once(event, ignore)
