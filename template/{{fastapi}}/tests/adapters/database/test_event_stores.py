"""What every database promises about events."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_hex

import pytest

from service.domain.activity import Activity
from service.domain.errors import EmailTaken
from service.domain.events import DeadLetter, Event
from service.domain.paging import Cursor
from service.domain.users import User
from service.ports import Database, Stores
from tests.events import NOON, new_event
from tests.outbox import pending

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)


async def add_user_to(stores: Stores, name: str, event: Event) -> User:
    user = User(id=stores.users.next_id(), email=f"{name}@example.org", name=name, role="user", created_at=NOON)
    await stores.users.add(user, "hash", event)
    return user


async def add_user(database: Database, name: str, event: Event) -> User:
    async with database.transaction() as stores:
        return await add_user_to(stores, name, event)


async def add_event(database: Database, event: Event) -> None:
    async with database.transaction() as stores:
        await stores.outbox.add(event)


async def ignore(_event: Event, _stores: Stores) -> None:
    """As a handler that has nothing to do."""


def new_letter(body: bytes = b"body", parked_at: datetime = NOON) -> DeadLetter:
    return DeadLetter(body=body, error="Error: no luck", attempts=5, parked_at=parked_at)


def new_entry(user_id: str | None = "ann", time: datetime = NOON) -> Activity:
    return Activity(key=token_hex(16), id="1", type="user.created", user_id=user_id, by=None, time=time)


async def put(database: Database, *entries: Activity) -> None:
    for entry in entries:
        async with database.transaction() as stores:
            await stores.activity.put(entry)


async def all_activity(database: Database) -> list[Activity]:
    async with database.read() as stores:
        return list(await stores.activity.page(None, None, 100))


# Outbox


async def test_an_event_waits_as_it_was_stored_until_it_is_removed(database: Database) -> None:
    data = {"text": "é😀\0", "list": [1, 2.5, None, True], "nested": {"a": {"b": ""}}, "large": 2**70}
    one = replace(new_event("ann"), data=data, trace="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    other = replace(new_event(""), time=NOON + SECOND)
    for event in (one, other):
        await add_event(database, event)

    assert await pending(database) == [one, other]
    async with database.transaction() as stores:
        await stores.outbox.remove([one])
    assert await pending(database) == [other]
    async with database.transaction() as stores:
        await stores.outbox.remove([one, other])
    assert await pending(database) == []


async def test_the_oldest_events_come_first(database: Database) -> None:
    events = [replace(new_event(f"user {number % 3}"), time=NOON + number * MILLISECOND) for number in range(9)]
    for event in events:
        await add_event(database, event)

    async with database.read() as stores:
        assert list(await stores.outbox.pending(4)) == events[:4]


async def test_events_of_a_record_keep_their_order_even_if_clocks_do_not_agree(database: Database) -> None:
    created, updated, deleted = (replace(new_event("ann"), time=NOON - number * SECOND) for number in range(3))
    ann = await add_user(database, "ann", created)
    async with database.transaction() as stores:
        assert await stores.users.replace(replace(ann, name="Ann E.", version=2), updated)
    async with database.transaction() as stores:
        assert await stores.users.delete(replace(ann, version=2), deleted)

    assert await pending(database) == [created, updated, deleted]
    for event in (created, updated, deleted):
        assert (await pending(database))[0] == event
        async with database.transaction() as stores:
            await stores.outbox.remove([event])


async def test_an_event_is_there_exactly_if_its_change_is(database: Database) -> None:
    with suppress(RuntimeError):
        async with database.transaction() as stores:
            await add_user_to(stores, "ann", new_event("ann"))
            raise RuntimeError("no luck")

    async with database.read() as stores:
        is_there = await stores.users.find_account("ann@example.org") is not None
    assert len(await pending(database)) == is_there


async def test_a_change_that_does_not_happen_leaves_no_event(database: Database) -> None:
    created, other = new_event("ann"), new_event("bob")
    ann = await add_user(database, "ann", created)
    bob = await add_user(database, "bob", other)

    with pytest.raises(EmailTaken):
        await add_user(database, "ann", new_event())
    with pytest.raises(EmailTaken):
        async with database.transaction() as stores:
            await stores.users.replace(replace(bob, email=ann.email, version=2), new_event())
    async with database.transaction() as stores:
        assert not await stores.users.replace(replace(ann, name="Late", version=5), new_event())
        assert not await stores.users.delete(replace(ann, version=5), new_event())
    assert sorted(event.id for event in await pending(database)) == sorted([created.id, other.id])


async def test_of_changes_at_the_same_time_one_leaves_its_event(database: Database) -> None:
    ann = await add_user(database, "ann", new_event("ann"))

    async def change(number: int) -> bool:
        async with database.transaction() as stores:
            changed = replace(ann, name=f"Ann {number}", version=2)
            return await stores.users.replace(changed, replace(new_event("ann"), id=f"change {number}"))

    results = await asyncio.gather(*map(change, range(5)))

    assert [event.id for event in await pending(database)][1:] == [f"change {results.index(True)}"]


async def test_who_waits_hears_of_a_new_event(database: Database) -> None:
    await database.wait_for_events(0.01)
    waiting = asyncio.create_task(database.wait_for_events(60))
    await asyncio.sleep(0.01)
    await add_event(database, new_event())

    await asyncio.wait_for(waiting, 10)


# Inbox


async def test_an_event_is_handled_once(database: Database) -> None:
    event = new_event()
    same_id_elsewhere = replace(event, source="/elsewhere")

    assert await database.handle_once(event, ignore)
    assert not await database.handle_once(event, ignore)
    assert await database.handle_once(same_id_elsewhere, ignore)


async def test_an_event_that_comes_many_times_at_once_is_new_once(database: Database) -> None:
    entry = new_entry()

    async def handle(_event: Event, stores: Stores) -> None:
        await stores.activity.put(entry)

    event = new_event()
    results = await asyncio.gather(*(database.handle_once(event, handle) for _ in range(10)))

    assert sorted(results) == [False] * 9 + [True]
    assert await all_activity(database) == [entry]


async def test_an_event_whose_handler_fails_is_still_new(database: Database) -> None:
    async def fail(_event: Event, _stores: Stores) -> None:
        raise RuntimeError("no luck")

    event = new_event()
    with pytest.raises(RuntimeError):
        await database.handle_once(event, fail)
    async with database.read() as stores:
        assert list(await stores.inbox.page("", [event.type], 10)) == []

    assert await database.handle_once(event, ignore)


async def test_handled_events_can_be_read_page_by_page(database: Database) -> None:
    events = [replace(new_event(f"user {number}"), data={"number": number}) for number in range(5)]
    for event in (*events, new_event("somebody", "another.type")):
        await database.handle_once(event, ignore)
    expected = sorted(events, key=lambda event: event.key)

    async with database.read() as stores:
        assert list(await stores.inbox.page("", [events[0].type], 10)) == expected
        assert list(await stores.inbox.page(expected[1].key, [events[0].type], 2)) == expected[2:4]
        assert len(await stores.inbox.page("", [events[0].type, "another.type"], 10)) == 6


# Dead letters


async def test_a_dead_letter_stays_until_it_is_removed(database: Database) -> None:
    letter = new_letter(b"\x00\xff no text")
    async with database.transaction() as stores:
        await stores.dead_letters.add(letter)

    async with database.read() as stores:
        assert await stores.dead_letters.get(letter.id) == letter
        assert await stores.dead_letters.get("unknown") is None
    async with database.transaction() as stores:
        await stores.dead_letters.remove(letter.id)
        await stores.dead_letters.remove("unknown")
    async with database.read() as stores:
        assert list(await stores.dead_letters.list(10)) == []


async def test_dead_letters_are_listed_oldest_first(database: Database) -> None:
    letters = [new_letter(parked_at=NOON + number * SECOND) for number in (2, 0, 1)]
    for letter in letters:
        async with database.transaction() as stores:
            await stores.dead_letters.add(letter)

    async with database.read() as stores:
        assert list(await stores.dead_letters.list(10)) == [letters[1], letters[2], letters[0]]
        assert list(await stores.dead_letters.list(1)) == [letters[1]]


# Activity


async def test_an_entry_takes_the_place_of_the_one_with_its_key(database: Database) -> None:
    entry = new_entry()
    following = replace(entry, user_id=None, by="admin", time=NOON + SECOND)
    await put(database, entry, following)

    assert await all_activity(database) == [following]


async def test_activity_is_newest_first_and_goes_on_behind_the_cursor(database: Database) -> None:
    entries = [new_entry("ann" if number % 2 else "bob", NOON + number // 3 * MILLISECOND) for number in range(9)]
    await put(database, *entries)
    expected = sorted(entries, key=lambda entry: (entry.time, entry.key), reverse=True)

    assert await all_activity(database) == expected
    async with database.read() as stores:
        for position, entry in enumerate(expected):
            page = await stores.activity.page(None, Cursor(entry.time, entry.key), 4)
            assert list(page) == expected[position + 1 : position + 5]
        of_ann = [entry for entry in expected if entry.user_id == "ann"]
        assert list(await stores.activity.page("ann", None, 10)) == of_ann
        after = Cursor(of_ann[0].time, of_ann[0].key)
        assert list(await stores.activity.page("ann", after, 2)) == of_ann[1:3]
        for nobody in ("carl", "\0", "é"):
            assert list(await stores.activity.page(nobody, None, 10)) == []


async def test_entries_without_an_event_can_be_discarded(database: Database) -> None:
    event = new_event()
    founded, unfounded = replace(new_entry(), key=event.key), new_entry()
    await put(database, founded, unfounded)
    await database.handle_once(event, ignore)
    async with database.transaction() as stores:
        await stores.activity.discard_unfounded()

    assert await all_activity(database) == [founded]


# Leases


async def take(database: Database, owner: str, now: datetime, name: str = "relay") -> bool:
    async with database.transaction() as stores:
        return await stores.leases.take(name, owner, now, now + SECOND)


async def test_one_owner_has_a_lease_until_it_runs_out(database: Database) -> None:
    assert await take(database, "one", NOON)
    assert not await take(database, "other", NOON + SECOND - MILLISECOND)
    assert await take(database, "one", NOON + SECOND / 2)
    assert not await take(database, "other", NOON + SECOND)
    assert await take(database, "other", NOON + SECOND * 1.5)
    assert not await take(database, "one", NOON + SECOND * 1.5)
    assert await take(database, "one", NOON, "another lease")


async def test_a_lease_can_be_given_back_by_its_owner(database: Database) -> None:
    await take(database, "one", NOON)
    for owner, is_free in (("other", False), ("one", True)):
        async with database.transaction() as stores:
            await stores.leases.give_back("relay", owner)
        assert await take(database, "third", NOON) is is_free


async def test_of_many_who_want_a_lease_one_gets_it(database: Database) -> None:
    for moment in (NOON, NOON + SECOND):  # A new lease, and one that has run out.
        owners = [f"{number} at {moment}" for number in range(5)]
        results = await asyncio.gather(*(take(database, owner, moment) for owner in owners))
        assert sorted(results) == [False] * 4 + [True]
