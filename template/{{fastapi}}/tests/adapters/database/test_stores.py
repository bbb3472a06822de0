"""What every database promises."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from service.domain.errors import EmailTaken, InvalidField
from service.domain.paging import Cursor
from service.domain.sessions import Session
from service.domain.users import CreationKey, User
from service.ports import Database
from tests.events import NOON, new_event

KEY = CreationKey("key", "fingerprint")


async def add(database: Database, name: str, *, key: CreationKey | None = None, created_at: datetime = NOON) -> User:
    async with database.transaction() as stores:
        user = User(
            id=stores.users.next_id(),
            email=f"{name}@example.org",
            name=name,
            role="user",
            created_at=created_at,
            version=3,
            generation=2,
        )
        await stores.users.add(user, f"hash of {name}", new_event(user.id), key)
    return user


async def add_session(database: Database, user: User, session_id: str, expires_at: datetime = NOON) -> Session:
    session = Session(
        id=session_id, user_id=user.id, generation=2, secret_hash=f"hash of {session_id}", expires_at=expires_at
    )
    async with database.transaction() as stores:
        await stores.sessions.add(session, new_event(user.id))
    return session


async def stored_hash(database: Database, user: User) -> str | None:
    async with database.read() as stores:
        account = await stores.users.get_account(user.id)
    return account.password_hash if account else None


async def test_it_answers(database: Database) -> None:
    await database.ping()


# Users


async def test_a_user_is_found_in_every_way(database: Database) -> None:
    ann = await add(database, "ann", key=KEY)
    await add(database, "bob")

    async with database.read() as stores:
        assert await stores.users.get(ann.id) == ann
        assert await stores.users.find_creation("key") == (ann, KEY)
        for account in (await stores.users.get_account(ann.id), await stores.users.find_account("ann@example.org")):
            assert account
            assert (account.user, account.password_hash) == (ann, "hash of ann")


@pytest.mark.parametrize("text", ["", "ann", "0", "\0", "é", "x" * 500, "{00000000-0000-0000-0000-000000000000}"])
async def test_what_was_never_stored_is_not_found(database: Database, text: str) -> None:
    await add(database, "ann")

    async with database.read() as stores:
        assert await stores.users.get(text) is None
        assert await stores.users.find_account(text) is None
        assert await stores.users.find_creation("key") is None
        assert await stores.users.get(stores.users.next_id()) is None
        assert await stores.users.get_account(stores.users.next_id()) is None


async def test_an_address_is_taken_once_however_many_try(database: Database) -> None:
    results = await asyncio.gather(*(add(database, "ann") for _ in range(50)), return_exceptions=True)

    assert len([result for result in results if isinstance(result, User)]) == 1
    assert len([result for result in results if isinstance(result, EmailTaken)]) == 49


async def test_a_creation_key_is_taken_once(database: Database) -> None:
    await add(database, "ann", key=KEY)

    with pytest.raises(EmailTaken):
        await add(database, "bob", key=KEY)


async def test_pages_are_newest_first_and_begin_behind_the_cursor(database: Database) -> None:
    millisecond = timedelta(milliseconds=1)
    users = [await add(database, f"user{number}", created_at=NOON + number // 3 * millisecond) for number in range(9)]
    expected = sorted(users, key=lambda user: (user.created_at, user.id), reverse=True)

    async with database.read() as stores:
        assert list(await stores.users.page(None, 20)) == expected
        for position, user in enumerate(expected):
            page = await stores.users.page(Cursor(user.created_at, user.id), 4)
            assert list(page) == expected[position + 1 : position + 5]


async def test_a_cursor_must_hold_an_id(database: Database) -> None:
    with pytest.raises(InvalidField):
        async with database.read() as stores:
            await stores.users.page(Cursor(NOON, "no id"), 4)


async def test_a_user_is_replaced_by_the_next_version_only(database: Database) -> None:
    ann = await add(database, "ann")
    following = replace(ann, name="Ann E.", email="ann.e@example.org", role="admin", version=4, generation=3)

    async with database.transaction() as stores:
        assert not await stores.users.replace(replace(following, version=5), new_event())
        assert not await stores.users.replace(replace(following, version=3), new_event())
    async with database.transaction() as stores:
        assert await stores.users.replace(following, new_event())
    async with database.read() as stores:
        assert await stores.users.get(ann.id) == following
    assert await stored_hash(database, ann) == "hash of ann"


async def test_a_password_is_replaced_with_its_user(database: Database) -> None:
    ann = await add(database, "ann")
    bob = await add(database, "bob")
    async with database.transaction() as stores:
        await stores.users.replace(replace(ann, version=4), new_event(), "another hash")

    assert await stored_hash(database, ann) == "another hash"
    assert await stored_hash(database, bob) == "hash of bob"


async def test_a_user_does_not_get_the_address_of_another(database: Database) -> None:
    ann = await add(database, "ann")
    bob = await add(database, "bob")

    with pytest.raises(EmailTaken):
        async with database.transaction() as stores:
            await stores.users.replace(replace(ann, email=bob.email, version=4), new_event())


async def test_a_hash_is_upgraded_unless_the_password_has_changed(database: Database) -> None:
    ann = await add(database, "ann")
    bob = await add(database, "bob")
    async with database.read() as stores:
        account = await stores.users.get_account(ann.id)
    assert account
    async with database.transaction() as stores:
        await stores.users.rehash(replace(account, password_hash="upgraded"), "hash of ann")
    async with database.transaction() as stores:
        await stores.users.rehash(replace(account, password_hash="too late"), "hash of ann")

    assert await stored_hash(database, ann) == "upgraded"
    assert await stored_hash(database, bob) == "hash of bob"


async def test_a_user_is_deleted_at_their_version_only_and_their_sessions_with_them(database: Database) -> None:
    ann = await add(database, "ann")
    bob = await add(database, "bob")
    for user in (ann, bob):
        await add_session(database, user, f"session of {user.name}")

    async with database.transaction() as stores:
        assert not await stores.users.delete(replace(ann, version=2), new_event())
    async with database.transaction() as stores:
        assert await stores.users.delete(ann, new_event())
    async with database.transaction() as stores:
        assert not await stores.users.delete(ann, new_event())
    async with database.read() as stores:
        assert await stores.users.get(ann.id) is None
        assert await stores.users.get(bob.id) == bob
        assert await stores.sessions.get("session of ann") is None
        assert await stores.sessions.get("session of bob")


# Sessions


async def test_a_session_is_found_until_it_is_deleted(database: Database) -> None:
    ann = await add(database, "ann")
    session = await add_session(database, ann, "one")
    other = await add_session(database, ann, "other")

    async with database.read() as stores:
        assert await stores.sessions.get("one") == session
        assert await stores.sessions.get("unknown") is None
    async with database.transaction() as stores:
        await stores.sessions.delete("one")
    async with database.read() as stores:
        assert await stores.sessions.get("one") is None
        assert await stores.sessions.get("other") == other


async def test_a_session_gets_its_next_secret_once(database: Database) -> None:
    ann = await add(database, "ann")
    session = await add_session(database, ann, "one")
    other = await add_session(database, ann, "other")
    later = NOON + timedelta(hours=1)

    async def rotate(number: int) -> bool:
        async with database.transaction() as stores:
            return await stores.sessions.rotate(session, f"secret {number}", later)

    results = await asyncio.gather(*map(rotate, range(5)))

    assert sorted(results) == [False, False, False, False, True]
    async with database.read() as stores:
        assert await stores.sessions.get("one") == replace(
            session, secret_hash=f"secret {results.index(True)}", expires_at=later
        )
        assert await stores.sessions.get("other") == other


async def test_expired_sessions_of_a_user_are_deleted(database: Database) -> None:
    ann = await add(database, "ann")
    bob = await add(database, "bob")
    await add_session(database, ann, "expired", NOON)
    await add_session(database, ann, "good", NOON + timedelta(milliseconds=1))
    await add_session(database, bob, "of bob", NOON)

    async with database.transaction() as stores:
        await stores.sessions.delete_expired(ann.id, NOON)
    async with database.read() as stores:
        assert await stores.sessions.get("expired") is None
        assert await stores.sessions.get("good")
        assert await stores.sessions.get("of bob")
