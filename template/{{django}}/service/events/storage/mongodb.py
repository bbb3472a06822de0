"""Changes of records together with their events, and what becomes of these, on MongoDB without transactions.

A change and its event are one operation on one document, so the event is there exactly if the change is.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import accumulate
from operator import itemgetter
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import Model
from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from config.database.mongodb.documents import ALIVE, DELETED, EVENTFUL, INCIDENTS, UNIQUE, Document, nested
from config.database.mongodb.failures import djangos_errors
from service.domain.events import DeadLetter, Event
from service.events import models
from service.events.signals import event_stored

type Handler = Callable[[Event], None]


@djangos_errors()
def insert(record: Model, event: Event) -> None:
    """Stores a new record, and the event with it.

    Raises:
        IntegrityError: The record breaks a constraint; nothing is stored.
    """
    document = nested(_columns(record), record._meta.concrete_fields)
    _collection(record).insert_one({**document, "outbox": [_document(event)]})
    record._state.adding = False  # noqa: SLF001 - Django's documented API.
    _tell()


@djangos_errors()
def update(record: Model, event: Event, **conditions: object) -> bool:
    """Stores a changed record, and the event with it, if the stored one meets the conditions, such as `version=1`."""
    values = _columns(record)
    found = {"_id": values.pop("_id"), **conditions, **ALIVE}
    changes = {
        "$set": {path: value for path, value in values.items() if value is not None},
        "$unset": {path: "" for path, value in values.items() if value is None},
        "$push": {"outbox": _document(event)},
    }
    result = _collection(record).update_one(found, changes)
    _tell()
    return bool(result.matched_count)


@djangos_errors()
def delete(record: Model, event: Event, **conditions: object) -> bool:
    """Deletes a record, and stores the event, if the stored record meets the conditions."""
    found = {"_id": record.pk, **conditions, **ALIVE}
    hidden = {"$set": DELETED, "$unset": dict.fromkeys(UNIQUE, ""), "$push": {"outbox": _document(event)}}
    if not _collection(record).update_one(found, hidden).matched_count:
        return False
    # Without it they are good for nothing, should this be interrupted.
    for relation in record._meta.related_objects:
        relation.related_model._base_manager.filter(**{relation.field.name: record}).delete()
    _tell()
    return True


@djangos_errors()
def append(event: Event) -> None:
    """Stores an event that comes with no change of a record."""
    _named(INCIDENTS).insert_one({**DELETED, "outbox": [_document(event)]})
    _tell()


@djangos_errors()
def pending(limit: int) -> Sequence[Event]:
    """The oldest events that are still to be published."""
    found: list[tuple[datetime, Event]] = []
    for name in EVENTFUL:
        waiting = _named(name).find({"outbox.time": {"$exists": True}}, {"outbox": True})
        for document in waiting.sort("outbox.time", ASCENDING).limit(limit):
            events = [_event(each) for each in document["outbox"]]
            # Those of one document stay in their order, even if the clocks of two instances do not agree.
            found += zip(accumulate((event.time for event in events), max), events, strict=True)
    return [event for _, event in sorted(found, key=itemgetter(0))[:limit]]


@djangos_errors()
def remove(events: Sequence[Event]) -> None:
    ids = [event.id for event in events]
    for name in EVENTFUL:
        collection = _named(name)
        collection.update_many({"outbox.id": {"$in": ids}}, {"$pull": {"outbox": {"id": {"$in": ids}}}})
        collection.delete_many({**DELETED, "outbox": []})


@djangos_errors()
def handle_once(event: Event, handler: Handler) -> bool:
    """Carries out a handler, unless the event is in the inbox, and puts it there.

    If it is interrupted, the handler is carried out again: its effect must be the same the second time.

    Returns:
        Whether it was new.
    """
    inbox = _named("inbox")
    if inbox.find_one({"_id": event.key}, {"_id": True}):
        return False
    handler(event)
    try:
        inbox.insert_one({"_id": event.key, **_document(event)})
    except DuplicateKeyError:
        return False
    return True


@djangos_errors()
def handled(after: str, types: Sequence[str], limit: int) -> Sequence[Event]:
    """Up to `limit` events of these types, in the order of their keys, from behind the key `after` on."""
    found = _named("inbox").find({"_id": {"$gt": after}, "type": {"$in": list(types)}})
    return [_event(document) for document in found.sort("_id", ASCENDING).limit(limit)]


def park(letter: DeadLetter) -> None:
    models.DeadLetter.objects.create(**asdict(letter))


def parked(limit: int) -> Sequence[DeadLetter]:
    return [_letter(row) for row in models.DeadLetter.objects.all()[:limit]]


def find_parked(letter_id: str) -> DeadLetter | None:
    row = models.DeadLetter.objects.filter(id=letter_id).first()
    return _letter(row) if row else None


def discard(letter_id: str) -> None:
    models.DeadLetter.objects.filter(id=letter_id).delete()


@djangos_errors()
def take_lease(name: str, owner: str, now: datetime, until: datetime) -> bool:
    """Takes a lease that is free or has run out, or prolongs one's own."""
    is_free = {"_id": name, "$or": [{"owner": owner}, {"until": {"$lte": now}}]}
    try:
        _named("leases").update_one(is_free, {"$set": {"owner": owner, "until": until}}, upsert=True)
    except DuplicateKeyError:  # It is there, and not free.
        return False
    return True


@djangos_errors()
def give_back_lease(name: str, owner: str) -> None:
    _named("leases").delete_one({"_id": name, "owner": owner})


def _named(name: str) -> Collection[Document]:
    connection.ensure_connection()
    return connection.database[name]  # type: ignore[attr-defined, no-any-return] # What this backend has.


def _collection(record: Model) -> Collection[Document]:
    return _named(record._meta.db_table)


def _columns(record: Model) -> Document:
    """What a record has, in the names and types that the ORM reads."""
    values = {}
    for field in record._meta.concrete_fields:
        is_new = record._state.adding  # noqa: SLF001 - Django's documented API.
        value = field.get_db_prep_save(field.pre_save(record, is_new), connection)
        if value is None and not field.null:
            raise IntegrityError(f"{field.name} is missing")
        values[str(field.column)] = value
    return values


def _tell() -> None:
    event_stored.send(None)


def _document(event: Event) -> Document:
    """With its data as text: what other services send may hold names and numbers that BSON does not know."""
    return asdict(event) | {"data": json.dumps(event.data)}


def _event(document: Mapping[str, Any]) -> Event:
    fields = {name: value for name, value in document.items() if name != "_id"}
    return Event(**fields | {"time": _aware(document["time"]), "data": json.loads(document["data"])})


def _aware(time: datetime) -> datetime:
    """The ORM's own client reads times without their zone, which is always UTC."""
    return time.replace(tzinfo=UTC)


def _letter(row: models.DeadLetter) -> DeadLetter:
    return DeadLetter(id=row.id, body=bytes(row.body), error=row.error, attempts=row.attempts, parked_at=row.parked_at)
