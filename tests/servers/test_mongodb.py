"""What the server of MongoDB's protocol is told in newer words than it knows."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pymongo
import pytest
from pymongo.database import Database
from pymongo.errors import OperationFailure

from tests import servers

type Document = dict[str, Any]


@pytest.fixture
def database(space: Callable[[str], servers.Space]) -> Iterator[Database[Document]]:
    with pymongo.MongoClient[Document](space("mongodb").url) as client:
        found = client.get_default_database()
        found["desks"].insert_many([{"_id": 1, "legs": 4}, {"_id": 2}, {"_id": 3}])
        found["lamps"].insert_many([{"_id": 1, "desk": 1, "on": True}, {"_id": 2, "desk": 1, "on": False}])
        yield found


def kind(then: object, otherwise: object) -> Document:
    """Whether a desk has a field for its legs."""
    is_missing = {"$eq": [{"$type": "$legs"}, "missing"]}
    return {"$switch": {"branches": [{"case": is_missing, "then": then}], "default": otherwise}}


def is_there(expression: object) -> Document:
    """As a count of what is there asks."""
    return {"$cond": {"if": {"$in": [{"$type": expression}, ["missing", "null"]]}, "then": 0, "else": 1}}


def joined(*stages: Document) -> Document:
    return {
        "$lookup": {"from": "lamps", "localField": "_id", "foreignField": "desk", "pipeline": [*stages], "as": "lamps"}
    }


def spare(document: Document) -> list[Document]:
    return [{"$unionWith": {"pipeline": [{"$documents": [document]}]}}, {"$limit": 1}]


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        ([{"$match": {"_id": 1}}, {"$set": {"wide": True}}], [{"_id": 1, "legs": 4, "wide": True}]),
        ([{"$project": {"has": kind("none", "some")}}, {"$match": {"has": "some"}}], [{"_id": 1, "has": "some"}]),
        (
            [joined({"$match": {"on": True}}), {"$unwind": "$lamps"}, {"$project": {"lamp": "$lamps._id"}}],
            [{"_id": 1, "lamp": 1}],
        ),
        (
            [{"$group": {"_id": None, "n": {"$sum": is_there({"$cond": [{"$gt": ["$_id", 1]}, "$_id", "$$REMOVE"]})}}}],
            [{"_id": None, "n": 2}],
        ),
        ([joined(), {"$unwind": "$lamps"}, {"$count": "all"}], [{"all": 2}]),
        ([{"$group": {"_id": None, "all": {"$sum": 1}}}, *spare({"all": 0})], [{"_id": None, "all": 3}]),
        ([{"$match": {"_id": 9}}, {"$group": {"_id": None, "all": {"$sum": 1}}}, *spare({"all": 0})], [{"all": 0}]),
    ],
)
def test_a_pipeline_is_understood(database: Database[Document], pipeline: list[Document], expected: object) -> None:
    assert list(database["desks"].aggregate(pipeline)) == expected


def test_an_update_by_constants_is_understood_and_no_other_taken_for_one(database: Database[Document]) -> None:
    desks = database["desks"]
    literal = {"$literal": "$legs"}
    assert desks.update_many({"_id": {"$lt": 3}}, [{"$set": {"note": literal, "legs": 3}}]).matched_count == 2
    assert desks.find_one({"_id": 1}) == {"_id": 1, "legs": 3, "note": "$legs"}

    for value in ("$note", {"$add": [1, 2]}):
        with suppress(OperationFailure):  # As all but a real server does.
            desks.update_one({"_id": 1}, [{"$set": {"legs": value}}])
        assert desks.count_documents({"legs": {"$in": ["$note", {"$add": [1, 2]}]}}) == 0
