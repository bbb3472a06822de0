"""How records and their events lie in documents: as in the services of every framework, which may share a database.

An event waits in the document of what it tells of, in the field `outbox`. A document that has been deleted stays,
without anything but its events, until they are published.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Field, Model
from pymongo import ASCENDING, IndexModel

type Document = dict[str, Any]

INCIDENTS = "incidents"
"""A collection of no model: an incident is an event that comes with nothing else."""
EVENTFUL = ("users", "sessions", INCIDENTS)
"""The collections whose documents hold events."""

DELETED = {"deleted": True}
ALIVE = {"deleted": {"$exists": False}}
IS_DONE = {**DELETED, "outbox": {"$in": [[], None]}}

UNIQUE = ("email", "creation")
"""What others may have as soon as a user is deleted, although the document stays."""

PATHS = {"creation_key": "creation.key", "creation_fingerprint": "creation.fingerprint"}
"""The fields of a user that lie within another."""

OUTBOX = "outbox"
"""Where SQL has a table of the events that wait, there are these indexes, in each of the collections that hold some."""
OUTBOX_INDEXES = [
    IndexModel([("outbox.time", ASCENDING)], name="outbox_time", sparse=True),
    IndexModel([("outbox.id", ASCENDING)], name="outbox_id", sparse=True),
    IndexModel([("deleted", ASCENDING)], name="deleted", sparse=True),  # By which those without events left are found.
]


def keep_in_place(sender: type[Model], **_: object) -> None:
    """Gives a model's fields their names in documents. The key is in `_id`, which is unique by itself."""
    options = sender._meta
    if options.pk is not None and not options.pk.remote_field:
        options.pk.column = "_id"
    if options.db_table == "users":
        for field in options.local_fields:
            field.column = PATHS.get(field.name, field.column)


def nested(values: Mapping[str, Any], fields: Iterable["Field[Any, Any]"]) -> Document:
    """A new document with these values. What is missing is left out if it is unique, so that no two are alike."""
    optional = {str(field.column) for field in fields if field.null and (field.unique or "." in str(field.column))}
    document: Document = {}
    for path, value in values.items():
        if value is not None or path not in optional:
            outer, _, inner = path.partition(".")
            if inner:
                document.setdefault(outer, {})[inner] = value
            else:
                document[outer] = value
    return document


def flat(document: Mapping[str, Any]) -> Document:
    """A document with the paths of what lies within others."""
    inner = {
        f"{outer}.{name}": value
        for outer, held in document.items()
        if isinstance(held, dict)
        for name, value in held.items()
    }
    return {**document, **inner}
