"""The engine of MongoDB: what it times and counts, and how it says that something has gone wrong."""

from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, OperationalError, connection
from django.db.models import Count
from prometheus_client import Histogram
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    DuplicateKeyError,
    OperationFailure,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)
from structlog.testing import capture_logs

from config.database import mongodb
from config.database.mongodb.base import DatabaseWrapper
from config.database.mongodb.failures import AUTHENTICATION_FAILED, djangos_errors
from service.events.models import DeadLetter
from service.platform.measuring import METRICS
from service.settings import SettingsError
from service.users.models import Session, User
from tests.events import NOON
from tests.people import Person

pytestmark = pytest.mark.django_db

NOWHERE = "mongodb://127.0.0.1:1"
SILENT = [
    ServerSelectionTimeoutError("the secret host"),
    AutoReconnect("the secret host"),
    WaitQueueTimeoutError("all connections are in use"),
    ConfigurationError("no such host"),
    OperationFailure("who?", AUTHENTICATION_FAILED),
]


def opened(**changes: object) -> MongoClient[dict[str, Any]]:
    """A client with the options that Django's has."""
    own = mongodb.databases(settings.SERVICE.model_copy(update=changes))["default"]
    return MongoClient(own["HOST"], **own["OPTIONS"])


def elsewhere(host: str = NOWHERE) -> dict[str, Any]:
    """What Django is told, with another host, whom it does not wait for."""
    own = connection.settings_dict
    return {**own, "HOST": host, "OPTIONS": {**own["OPTIONS"], "serverSelectionTimeoutMS": 200}}


def sample(name: str, **labels: str) -> float:
    return METRICS.registry.get_sample_value(name, labels) or 0


# Commands


@pytest.mark.parametrize(("limit", "is_slow"), [(0, True), (60_000, False)])
def test_a_slow_command_is_logged_without_its_values(limit: float, is_slow: bool) -> None:  # noqa: FBT001 - a case.
    secret = {"email": "secret", "$or": [{"name": "secret"}, {"roles": {"$in": ["secret", 1]}}]}
    with opened(slow_query_milliseconds=limit) as client, capture_logs() as lines:
        client["nowhere"]["users"].find_one(secret)

    statements = [line["statement"] for line in lines if line["event"] == "slow query"]
    expected = "find users filter: {email: ?, $or: [{name: ?}, {roles: {$in: [?, ?]}}]}"
    assert statements == ([expected] if is_slow else [])


def test_every_command_is_timed_even_one_that_fails() -> None:
    assert isinstance(METRICS.statement_duration, Histogram)
    before = sample("db_statement_duration_seconds_count", operation="aggregate")
    with opened() as client:
        list(client["nowhere"]["users"].aggregate([]))
        with pytest.raises(OperationFailure):
            client["nowhere"]["users"].aggregate([{"$nonsense": 1}])

    assert sample("db_statement_duration_seconds_count", operation="aggregate") == before + 2


def test_connections_are_counted() -> None:
    def connections() -> tuple[float, float]:
        return tuple(sample("db_pool_connections", state=state) for state in ("in_use", "idle"))  # type: ignore[return-value]

    in_use, idle = connections()
    with opened(database_pool_size=1) as client:
        client["nowhere"]["users"].find_one()
        assert connections() == (in_use, idle + 1)
    assert connections() == (in_use, idle)


# Failures


@pytest.mark.parametrize("silence", SILENT, ids=lambda each: type(each).__name__)
def test_nothing_that_answers_is_nothing_to_do_with_the_request(
    ann: Person, silence: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise silence

    for command in ("aggregate", "update_many", "insert_many", "insert_one"):
        monkeypatch.setattr(Collection, command, fail)
    with pytest.raises(OperationalError) as failure:
        User.objects.count()
    assert failure.value.__cause__ is silence
    with pytest.raises(OperationalError):
        User.objects.update(name="B")
    with pytest.raises(OperationalError):
        DeadLetter.objects.create(id="1", body=b"", error="", attempts=1, parked_at=NOON)
    answer = ann.call("GET", "/v1/users/me")

    assert answer.status == 503
    assert b"secret" not in answer.content


def test_what_the_database_refuses_is_no_silence() -> None:
    refused = OperationFailure("nonsense", 2)
    with pytest.raises(DatabaseError) as failure, djangos_errors():
        raise refused
    assert not isinstance(failure.value, OperationalError)
    with pytest.raises(IntegrityError), djangos_errors():
        raise DuplicateKeyError("taken")
    with pytest.raises(DatabaseError) as failure, djangos_errors():
        raise DatabaseError("nonsense") from refused
    assert not isinstance(failure.value, OperationalError)


def test_whoever_looks_for_tables_is_told_that_nothing_answers() -> None:
    down = DatabaseWrapper(elsewhere(), alias="down")
    try:
        with pytest.raises(OperationalError):
            down.introspection.table_names()
    finally:
        down.close_pool()


def test_an_address_that_cannot_be_read_is_told_without_its_password() -> None:
    wrong = settings.SERVICE.model_copy(update={"database_url": "mongodb://ann:secret@127.0.0.1:secret/app"})
    with pytest.raises(SettingsError) as refused:
        mongodb.databases(wrong)
    assert str(refused.value) == "DATABASE_URL: cannot be read"
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(("host", "is_there"), [(None, True), (NOWHERE, False)])
def test_it_is_known_whether_the_database_can_be_used(host: str | None, is_there: bool) -> None:  # noqa: FBT001 - a case.
    own = elsewhere(host) if host else connection.settings_dict
    other = DatabaseWrapper(own, alias="other")
    other.connection = MongoClient(own["HOST"], **own["OPTIONS"])
    with other.connection:
        assert other.is_usable() is is_there


# Queries


def test_the_orm_counts_and_joins_over_what_is_alive(ann: Person, bob: Person) -> None:
    bob.user.delete()

    assert User.objects.count() == 1
    assert User.objects.aggregate(all=Count("id")) == {"all": 1}
    assert User.objects.filter(email="nobody@example.org").aggregate(all=Count("id")) == {"all": 0}
    assert [each["role"] for each in User.objects.values("role").annotate(all=Count("id"))] == ["user"]
    assert not User.objects.filter(id=bob.user.id).exists()
    assert Session.objects.filter(user=ann.user).exists()


def test_all_of_them_can_be_deleted(ann: Person) -> None:
    DeadLetter.objects.create(id="1", body=b"", error="", attempts=1, parked_at=NOON)
    assert DeadLetter.objects.all().delete() == (1, {"events.DeadLetter": 1})
    assert Session.objects.all().delete() == (1, {"users.Session": 1})
    assert User.objects.all().delete() == (1, {"users.User": 1})
    assert User.objects.all().delete() == (0, {})
    assert Session.objects.filter(id__in=[]).delete() == (0, {})
    assert not User.objects.filter(id=ann.user.id).exists()
