"""The stores on MongoDB that have to do with events.

An event waits in the document of what it tells of, in the field `outbox`: so it is there exactly if the change is.
A document that has been deleted stays, without anything but its events, until they are published.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import accumulate
from operator import itemgetter
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from service.domain.activity import Activity
from service.domain.events import DeadLetter, Event
from service.domain.paging import Cursor

type Document = dict[str, Any]

EVENTFUL = ("users", "sessions", "incidents")
"""The collections whose documents hold events. An incident is an event that comes with nothing else."""

DELETED = {"deleted": True}


class MongoOutbox:
    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database
        self.has_new = False

    async def add(self, event: Event) -> None:
        await self._database["incidents"].insert_one({"_id": ObjectId(), **DELETED, **self.first(event)})

    def first(self, event: Event) -> Document:
        """What a new document holds."""
        self.has_new = True
        return {"outbox": [to_document(event)]}

    def another(self, event: Event) -> Document:
        """What an update pushes."""
        self.has_new = True
        return {"$push": {"outbox": to_document(event)}}

    async def pending(self, limit: int) -> Sequence[Event]:
        found: list[tuple[datetime, Event]] = []
        for name in EVENTFUL:
            cursor = self._database[name].find({"outbox.time": {"$exists": True}}, {"outbox": True})
            async for document in cursor.sort("outbox.time", ASCENDING).limit(limit):
                events = [to_event(each) for each in document["outbox"]]
                # Those of one document stay in their order, even if the clocks of two instances do not agree.
                found += zip(accumulate((event.time for event in events), max), events, strict=True)
        return [event for _, event in sorted(found, key=itemgetter(0))[:limit]]

    async def remove(self, events: Sequence[Event]) -> None:
        ids = [event.id for event in events]
        for name in EVENTFUL:
            collection = self._database[name]
            await collection.update_many({"outbox.id": {"$in": ids}}, {"$pull": {"outbox": {"id": {"$in": ids}}}})
            await collection.delete_many({**DELETED, "outbox": []})


class MongoInbox:
    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._inbox = database["inbox"]

    async def has(self, event: Event) -> bool:
        return await self._inbox.find_one({"_id": event.key}, {"_id": True}) is not None

    async def add(self, event: Event) -> bool:
        """Whether the event is new."""
        try:
            await self._inbox.insert_one({"_id": event.key, **to_document(event)})
        except DuplicateKeyError:
            return False
        return True

    async def page(self, after: str, types: Sequence[str], limit: int) -> Sequence[Event]:
        cursor = self._inbox.find({"_id": {"$gt": after}, "type": {"$in": list(types)}}).sort("_id", ASCENDING)
        return [to_event(document) async for document in cursor.limit(limit)]


class MongoDeadLetters:
    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._letters = database["dead_letters"]

    async def add(self, letter: DeadLetter) -> None:
        document = asdict(letter)
        await self._letters.insert_one({"_id": document.pop("id"), **document})

    async def get(self, letter_id: str) -> DeadLetter | None:
        document = await self._letters.find_one({"_id": letter_id})
        return DeadLetter(id=document.pop("_id"), **document) if document else None

    async def list(self, limit: int) -> Sequence[DeadLetter]:
        cursor = self._letters.find({}).sort([("parked_at", ASCENDING), ("_id", ASCENDING)]).limit(limit)
        return [DeadLetter(id=document.pop("_id"), **document) async for document in cursor]

    async def remove(self, letter_id: str) -> None:
        await self._letters.delete_one({"_id": letter_id})


class MongoActivityStore:
    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._activity = database["activity"]
        self._inbox = database["inbox"]

    async def put(self, entry: Activity) -> None:
        document = asdict(entry)
        await self._activity.replace_one({"_id": document.pop("key")}, document, upsert=True)

    async def page(self, user_id: str | None, after: Cursor | None, limit: int) -> Sequence[Activity]:
        query: Document = {} if user_id is None else {"user_id": user_id}
        if after is not None:
            query["$or"] = [
                {"time": {"$lt": after.created_at}},
                {"time": after.created_at, "_id": {"$lt": after.id}},
            ]
        cursor = self._activity.find(query).sort([("time", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [Activity(key=document.pop("_id"), **document) async for document in cursor]

    async def discard_unfounded(self) -> None:
        async for document in self._activity.find({}, {"_id": True}):
            if await self._inbox.find_one({"_id": document["_id"]}, {"_id": True}) is None:
                await self._activity.delete_one({"_id": document["_id"]})


class MongoLeases:
    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._leases = database["leases"]

    async def take(self, name: str, owner: str, now: datetime, until: datetime) -> bool:
        is_free = {"_id": name, "$or": [{"owner": owner}, {"until": {"$lte": now}}]}
        try:
            await self._leases.update_one(is_free, {"$set": {"owner": owner, "until": until}}, upsert=True)
        except DuplicateKeyError:  # It is there, and not free.
            return False
        return True

    async def give_back(self, name: str, owner: str) -> None:
        await self._leases.delete_one({"_id": name, "owner": owner})


def to_document(event: Event) -> Document:
    """With its data as text: what other services send may hold names and numbers that BSON does not know."""
    return asdict(event) | {"data": json.dumps(event.data)}


def to_event(document: Mapping[str, Any]) -> Event:
    fields = {name: value for name, value in document.items() if name != "_id"}
    return Event(**fields | {"data": json.loads(document["data"])})
