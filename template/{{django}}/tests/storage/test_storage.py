"""What the storage promises of records and their events, on every database."""

from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest
from django.db import IntegrityError

from service.activity.models import Activity
from service.activity.services import log_activity
from service.domain.events import DeadLetter, Event
from service.events import storage
from service.users.models import User
from tests.events import NOON, new_event
from tests.storage.helpers import MILLISECOND, SECOND, add_user, at_once, ignore, pending

pytestmark = pytest.mark.django_db(transaction=True)

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


# Outbox


def test_an_event_waits_as_it_was_stored_until_it_is_removed() -> None:
    data = {"text": "é😀\0", "list": [1, 2.5, None, True], "nested": {"a": {"b": ""}}, "large": 2**70}
    one, other = replace(new_event("ann"), data=data, trace=TRACE), replace(new_event(""), time=NOON + SECOND)
    for event in (one, other):
        storage.append(event)

    assert pending() == [one, other]
    storage.remove([one])
    assert pending() == [other]
    storage.remove([one, other])
    assert pending() == []


def test_the_oldest_events_come_first() -> None:
    events = [replace(new_event(f"user {number % 3}"), time=NOON + number * MILLISECOND) for number in range(9)]
    for event in events:
        storage.append(event)

    assert list(storage.pending(4)) == events[:4]


def test_a_record_comes_changes_and_goes_with_its_events() -> None:
    created, updated, deleted = (replace(new_event("ann"), time=NOON - number * SECOND) for number in range(3))
    ann = add_user("ann", created)
    ann.name, ann.version = "Ann E.", 2

    assert storage.update(ann, updated, version=1)
    assert User.objects.get().name == "Ann E."
    assert storage.delete(ann, deleted, version=2)
    assert not User.objects.exists()
    assert pending() == [created, updated, deleted]


def test_a_change_that_does_not_happen_leaves_no_event() -> None:
    created, other = new_event("ann"), new_event("bob")
    ann, bob = add_user("ann", created), add_user("bob", other)

    with pytest.raises(IntegrityError):
        add_user("ann", new_event())
    bob.email = ann.email
    with pytest.raises(IntegrityError):
        storage.update(bob, new_event(), version=1)
    assert not storage.update(ann, new_event(), version=4)
    assert not storage.delete(ann, new_event(), version=4)
    assert pending() == [created, other]


def test_of_changes_at_the_same_time_one_leaves_its_event() -> None:
    ann = add_user("ann", new_event("ann"))

    def change(number: int) -> bool:
        changed = User.objects.get(pk=ann.pk)
        changed.name, changed.version = f"Ann {number}", 2
        return storage.update(changed, replace(new_event("ann"), id=f"change {number}"), version=1)

    results = at_once(change, range(5))

    assert [event.id for event in pending()][1:] == [f"change {results.index(True)}"]
    assert User.objects.get().name == f"Ann {results.index(True)}"


# Inbox


def test_an_event_is_handled_once() -> None:
    event = new_event()

    assert storage.handle_once(event, ignore)
    assert not storage.handle_once(event, ignore)
    assert storage.handle_once(replace(event, source="/elsewhere"), ignore)


def test_an_event_that_comes_many_times_at_once_is_new_once() -> None:
    event = new_event("ann")

    results = at_once(lambda _: storage.handle_once(event, log_activity), range(10))

    assert sorted(results) == [False] * 9 + [True]
    assert [entry.event_id for entry in Activity.objects.all()] == [event.id]


def test_an_event_whose_handler_fails_is_still_new() -> None:
    event = new_event()

    def fail(_event: Event) -> None:
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError):
        storage.handle_once(event, fail)

    assert list(storage.handled("", [event.type], 10)) == []
    assert storage.handle_once(event, ignore)


def test_handled_events_can_be_read_page_by_page() -> None:
    events = [replace(new_event(f"user {number}"), data={"number": number}) for number in range(5)]
    for event in (*events, new_event("somebody", "another.type")):
        storage.handle_once(event, ignore)
    expected = sorted(events, key=lambda event: event.key)

    kind = events[0].type
    assert list(storage.handled("", [kind], 10)) == expected
    assert list(storage.handled(expected[1].key, [kind], 2)) == expected[2:4]
    assert len(storage.handled("", [kind, "another.type"], 10)) == 6


# Dead letters


def new_letter(body: bytes = b"body", parked_at: datetime = NOON) -> DeadLetter:
    return DeadLetter(body=body, error="Error: no luck", attempts=5, parked_at=parked_at)


def test_a_dead_letter_stays_until_it_is_discarded() -> None:
    letter = new_letter(b"\x00\xff no text")
    storage.park(letter)

    assert storage.find_parked(letter.id) == letter
    assert storage.find_parked("unknown") is None
    storage.discard("unknown")
    assert list(storage.parked(10)) == [letter]
    storage.discard(letter.id)
    assert list(storage.parked(10)) == []


def test_dead_letters_are_listed_oldest_first() -> None:
    letters = [new_letter(parked_at=NOON + number * SECOND) for number in (2, 0, 1)]
    for letter in letters:
        storage.park(letter)

    assert list(storage.parked(10)) == [letters[1], letters[2], letters[0]]
    assert list(storage.parked(1)) == [letters[1]]


# Leases


def take(owner: str, now: datetime, name: str = "relay") -> bool:
    return storage.take_lease(name, owner, now, now + SECOND)


def test_one_owner_has_a_lease_until_it_runs_out() -> None:
    assert take("one", NOON)
    assert not take("other", NOON + SECOND - MILLISECOND)
    assert take("one", NOON + SECOND / 2)
    assert not take("other", NOON + SECOND)
    assert take("other", NOON + SECOND * 1.5)
    assert not take("one", NOON + SECOND * 1.5)
    assert take("one", NOON, "another lease")


def test_a_lease_can_be_given_back_by_its_owner() -> None:
    take("one", NOON)
    for owner, is_free in (("other", False), ("one", True)):
        storage.give_back_lease("relay", owner)
        assert take("third", NOON) is is_free


def test_of_many_who_want_a_lease_one_gets_it() -> None:
    for moment in (NOON, NOON + SECOND):  # A new lease, and one that has run out.
        owners = [f"{number} at {moment}" for number in range(5)]
        results = at_once(partial(take, now=moment), owners)
        assert sorted(results) == [False] * 4 + [True]
