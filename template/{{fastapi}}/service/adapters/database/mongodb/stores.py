"""The stores on MongoDB. Each operation changes one document, which MongoDB does as a whole or not at all."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import cached_property

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, ConnectionFailure, DuplicateKeyError, OperationFailure

from service.adapters.database.mongodb.event_stores import (
    DELETED,
    Document,
    MongoActivityStore,
    MongoDeadLetters,
    MongoInbox,
    MongoLeases,
    MongoOutbox,
)
from service.domain.errors import EmailTaken, Unavailable
from service.domain.events import Event
from service.domain.paging import Cursor, invalid_cursor
from service.domain.sessions import Session
from service.domain.users import Account, CreationKey, User
from service.platform.doorbell import Doorbell
from service.ports import Stores

UNIQUE = ("email", "creation")
"""What others may have as soon as a user is deleted, although the document stays until its events are published."""

ALIVE = {"deleted": {"$exists": False}}

AUTHENTICATION_FAILED = 18


class MongoDatabase:
    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database
        self._doorbell = Doorbell()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator["MongoStores"]:
        with unavailable_on_failure():
            yield MongoStores(self._database)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["MongoStores"]:
        """Nothing needs to be undone, since a unit of work does one thing to one document."""
        async with self.read() as stores:
            yield stores
        if stores.outbox.has_new:
            self._doorbell.ring()

    async def handle_once(self, event: Event, handler: Callable[[Event, Stores], Awaitable[None]]) -> bool:
        async with self.transaction() as stores:
            if await stores.inbox.has(event):
                return False
            await handler(event, stores)
            return await stores.inbox.add(event)

    async def wait_for_events(self, seconds: float) -> None:
        await self._doorbell.wait(seconds)

    async def ping(self) -> None:
        await self._database.command("ping")


class MongoStores:
    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database

    @cached_property
    def users(self) -> "MongoUserStore":
        return MongoUserStore(self._database, self.outbox)

    @cached_property
    def sessions(self) -> "MongoSessionStore":
        return MongoSessionStore(self._database, self.outbox)

    @cached_property
    def outbox(self) -> MongoOutbox:
        return MongoOutbox(self._database)

    @cached_property
    def inbox(self) -> MongoInbox:
        return MongoInbox(self._database)

    @cached_property
    def dead_letters(self) -> MongoDeadLetters:
        return MongoDeadLetters(self._database)

    @cached_property
    def activity(self) -> MongoActivityStore:
        return MongoActivityStore(self._database)

    @cached_property
    def leases(self) -> MongoLeases:
        return MongoLeases(self._database)


class MongoUserStore:
    def __init__(self, database: AsyncDatabase[Document], outbox: MongoOutbox) -> None:
        self._users = database["users"]
        self._sessions = MongoSessionStore(database, outbox)
        self._outbox = outbox

    def next_id(self) -> str:
        return str(ObjectId())

    async def get(self, user_id: str) -> User | None:
        account = await self.get_account(user_id)
        return account.user if account else None

    async def get_account(self, user_id: str) -> Account | None:
        return await self._find({"_id": ObjectId(user_id)}) if _is_id(user_id) else None

    async def find_account(self, email: str) -> Account | None:
        return await self._find({"email": email})

    async def find_creation(self, key: str) -> tuple[User, CreationKey] | None:
        document = await self._users.find_one({"creation.key": key, **ALIVE})
        return (_user(document), CreationKey(key, document["creation"]["fingerprint"])) if document else None

    async def page(self, after: Cursor | None, limit: int) -> Sequence[User]:
        cursor = self._users.find({**ALIVE, **(_behind(after) if after else {})})
        cursor = cursor.sort([("created_at", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [_user(document) async for document in cursor]

    async def add(self, user: User, password_hash: str, event: Event, key: CreationKey | None = None) -> None:
        document = {
            "_id": ObjectId(user.id),
            **_fields(user),
            "password_hash": password_hash,
            **self._outbox.first(event),
        }
        if key:
            document["creation"] = {"key": key.value, "fingerprint": key.fingerprint}
        with _email_taken_on_duplicate():
            await self._users.insert_one(document)

    async def replace(self, user: User, event: Event, password_hash: str | None = None) -> bool:
        fields = _fields(user) | ({"password_hash": password_hash} if password_hash else {})
        with _email_taken_on_duplicate():
            result = await self._users.update_one(
                {"_id": ObjectId(user.id), "version": user.version - 1, **ALIVE},
                {"$set": fields, **self._outbox.another(event)},
            )
        return result.matched_count == 1

    async def rehash(self, account: Account, old_hash: str) -> None:
        await self._users.update_one(
            {"_id": ObjectId(account.user.id), "password_hash": old_hash},
            {"$set": {"password_hash": account.password_hash}},
        )

    async def delete(self, user: User, event: Event) -> bool:
        result = await self._users.update_one(
            {"_id": ObjectId(user.id), "version": user.version, **ALIVE},
            {"$set": DELETED, "$unset": dict.fromkeys(UNIQUE, ""), **self._outbox.another(event)},
        )
        if result.matched_count:
            # Without their user they are good for nothing, should this be interrupted.
            await self._sessions.delete_all(user.id)
        return result.matched_count == 1

    async def _find(self, query: Document) -> Account | None:
        document = await self._users.find_one({**ALIVE, **query})
        if document is None:
            return None
        return Account(user=_user(document), password_hash=document["password_hash"])


class MongoSessionStore:
    def __init__(self, database: AsyncDatabase[Document], outbox: MongoOutbox) -> None:
        self._sessions = database["sessions"]
        self._outbox = outbox

    async def add(self, session: Session, event: Event) -> None:
        await self._sessions.insert_one(
            {
                "_id": session.id,
                "user_id": session.user_id,
                "generation": session.generation,
                "secret_hash": session.secret_hash,
                "expires_at": session.expires_at,
                **self._outbox.first(event),
            }
        )

    async def get(self, session_id: str) -> Session | None:
        document = await self._sessions.find_one({"_id": session_id, **ALIVE}, {"outbox": False})
        return Session(id=document.pop("_id"), **document) if document else None

    async def rotate(self, session: Session, secret_hash: str, expires_at: datetime) -> bool:
        result = await self._sessions.update_one(
            {"_id": session.id, "secret_hash": session.secret_hash, **ALIVE},
            {"$set": {"secret_hash": secret_hash, "expires_at": expires_at}},
        )
        return result.matched_count == 1

    async def delete(self, session_id: str) -> None:
        await self._delete({"_id": session_id})

    async def delete_expired(self, user_id: str, now: datetime) -> None:
        await self._delete({"user_id": user_id, "expires_at": {"$lte": now}})

    async def delete_all(self, user_id: str) -> None:
        await self._delete({"user_id": user_id})

    async def _delete(self, query: Document) -> None:
        """Those with events left go when these are published."""
        await self._sessions.update_many(query, {"$set": DELETED})
        await self._sessions.delete_many({**query, "outbox": []})


def _user(document: Document) -> User:
    return User(
        id=str(document["_id"]),
        email=document["email"],
        name=document["name"],
        role=document["role"],
        created_at=document["created_at"],
        version=document["version"],
        generation=document["generation"],
    )


def _fields(user: User) -> Document:
    return {
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "created_at": user.created_at,
        "version": user.version,
        "generation": user.generation,
    }


def _behind(cursor: Cursor) -> Document:
    if not _is_id(cursor.id):
        raise invalid_cursor()
    return {
        "$or": [
            {"created_at": {"$lt": cursor.created_at}},
            {"created_at": cursor.created_at, "_id": {"$lt": ObjectId(cursor.id)}},
        ]
    }


def _is_id(text: str) -> bool:
    """Whether this is an id as the service writes it: in lower case."""
    return ObjectId.is_valid(text) and str(ObjectId(text)) == text


@contextmanager
def _email_taken_on_duplicate() -> Generator[None]:
    try:
        yield
    except DuplicateKeyError as error:
        raise EmailTaken("Another user has this e-mail address.") from error


@contextmanager
def unavailable_on_failure() -> Generator[None]:
    try:
        yield
    except (ConnectionFailure, ConfigurationError) as error:  # The latter when no host can be found by DNS.
        raise Unavailable("The database does not answer.") from error
    except OperationFailure as error:
        if error.code != AUTHENTICATION_FAILED:
            raise
        raise Unavailable("The database does not answer.") from error
