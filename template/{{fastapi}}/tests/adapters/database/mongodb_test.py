"""What only MongoDB must see to, which has no transactions across documents here."""

import asyncio

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from service.adapters.database.mongodb import create_client
from service.adapters.database.mongodb.event_stores import EVENTFUL, MongoActivityStore
from service.domain.events import Event
from service.domain.sessions import Session
from service.domain.users import User
from service.platform.metrics import Metrics
from service.ports import Database, Stores
from service.settings import Settings
from service.usecases.activity import ActivityLog, log_activity
from tests.events import NOON, new_event
from tests.outbox import pending


async def documents(settings: Settings) -> dict[str, int]:
    """How many there are of those that can hold events."""
    async with create_client(settings, Metrics()) as client:
        database: AsyncDatabase[dict[str, object]] = client.get_default_database()
        return {name: await database[name].count_documents({}) for name in EVENTFUL}


async def test_what_was_deleted_is_there_until_its_events_are_published(database: Database, settings: Settings) -> None:
    async with database.transaction() as stores:
        user = User(id=stores.users.next_id(), email="ann@example.org", name="Ann", role="user", created_at=NOON)
        await stores.users.add(user, "hash", new_event(user.id))
    async with database.transaction() as stores:
        session = Session(id="one", user_id=user.id, generation=1, secret_hash="hash", expires_at=NOON)
        await stores.sessions.add(session, new_event(user.id))
    async with database.transaction() as stores:
        assert await stores.users.delete(user, new_event(user.id))
    async with database.transaction() as stores:
        await stores.outbox.add(new_event())

    assert await documents(settings) == {"users": 1, "sessions": 1, "incidents": 1}
    async with database.read() as stores:
        assert await stores.users.page(None, 10) == []
        assert await stores.users.get(user.id) is None
        assert await stores.sessions.get("one") is None
    events = await pending(database)
    assert len(events) == 4
    async with database.transaction() as stores:
        await stores.outbox.remove(events)
    assert await documents(settings) == dict.fromkeys(EVENTFUL, 0)


async def test_an_entry_that_comes_before_its_event_is_not_lost_when_the_log_is_made_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_entry, may_go_on = asyncio.Event(), asyncio.Event()

    async def handle_slowly(event: Event, stores: Stores) -> None:
        await log_activity(event, stores)
        has_entry.set()
        await may_go_on.wait()

    handling = asyncio.create_task(database.handle_once(new_event(), handle_slowly))
    await has_entry.wait()
    discard = MongoActivityStore.discard_unfounded

    async def discard_just_then(store: MongoActivityStore) -> None:
        await discard(store)
        may_go_on.set()
        await handling

    monkeypatch.setattr(MongoActivityStore, "discard_unfounded", discard_just_then)
    await ActivityLog(database).rebuild()

    async with database.read() as stores:
        assert len(await stores.activity.page(None, None, 10)) == 1
