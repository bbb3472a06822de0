"""What only MongoDB must see to, which has no transactions across documents here."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from bson import ObjectId
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection
from pymongo.errors import ServerSelectionTimeoutError

from config.database.mongodb.documents import DELETED, EVENTFUL
from service.activity import services as activity
from service.activity.models import Activity
from service.activity.services import log_activity, rebuild_activity
from service.domain.errors import InvalidToken
from service.domain.events import SESSION_REFUSED, Event
from service.events import storage
from service.events.storage import mongodb
from service.users import services, sessions
from service.users.models import Session, User
from service.users.services import CreationKey, NewUser
from tests.events import new_event
from tests.people import PASSWORD
from tests.storage.helpers import add_user, ignore, pending

pytestmark = pytest.mark.django_db(transaction=True)

type Document = dict[str, Any]


def documents(name: str) -> list[Document]:
    connection.ensure_connection()
    return list(connection.database[name].find())  # type: ignore[attr-defined] # What this backend has.


def counts() -> dict[str, int]:
    """How many documents there are of those that can hold events."""
    return {name: len(documents(name)) for name in EVENTFUL}


def new_user(key: CreationKey | None = None) -> User:
    return services.add_user(NewUser(email="ann@example.org", name="Ann", password=PASSWORD), key)


# Events


def test_a_change_and_its_event_are_in_one_document() -> None:
    user = new_user()
    user.name, user.version = "Ann B.", 2
    storage.update(user, new_event("ann"), version=1)

    [document] = documents("users")
    assert document["name"] == "Ann B."
    assert [event["type"] for event in document["outbox"]] == ["user.created", new_event().type]


def test_the_orm_leaves_events_alone() -> None:
    user = new_user()
    User.objects.filter(id=user.id).update(password="another hash")

    assert documents("users")[0]["password_hash"] == "another hash"
    assert len(pending()) == 1


def test_what_was_deleted_is_there_until_its_events_are_published() -> None:
    user = new_user()
    sessions.sign_in(user.email, PASSWORD)
    storage.delete(user, new_event("ann"))
    storage.append(new_event())

    assert counts() == {"users": 1, "sessions": 1, "incidents": 1}
    assert not User.objects.exists()
    assert not Session.objects.exists()
    assert User.objects.filter(id=user.id).update(name="back") == 0
    assert User.objects.filter(id=user.id).delete()[0] == 0
    events = pending()
    assert len(events) == 4
    storage.remove(events[:2])
    storage.remove(events)
    assert counts() == dict.fromkeys(EVENTFUL, 0)


def test_what_the_orm_deletes_stays_for_its_events_too() -> None:
    user = new_user()
    assert User.objects.filter(id=user.id).delete() == (1, {"users.User": 1})

    assert counts()["users"] == 1
    assert [event.type for event in pending()] == ["user.created"]


def test_what_is_deleted_without_an_event_left_is_gone_at_once() -> None:
    user = new_user()
    tokens = sessions.sign_in(user.email, PASSWORD)
    storage.remove(pending())
    sessions.sign_out(tokens.refresh_token)

    assert counts() == {"users": 1, "sessions": 0, "incidents": 0}


def test_who_was_deleted_leaves_the_address_and_the_key_to_others() -> None:
    for _ in range(2):
        user = new_user(CreationKey("key", "fingerprint"))
        with pytest.raises(IntegrityError):
            add_user("ann", new_event())
        storage.delete(user, new_event())

    assert counts()["users"] == 2


def test_a_session_is_good_for_nothing_when_its_user_was_deleted_and_it_was_not() -> None:
    user = new_user()
    tokens = sessions.sign_in(user.email, PASSWORD)
    connection.database["users"].update_one({"_id": user.id}, {"$set": DELETED})  # type: ignore[attr-defined]

    with pytest.raises(InvalidToken):
        sessions.refresh(tokens.refresh_token)
    assert not Session.objects.exists()


def test_a_handler_that_was_interrupted_has_its_effect_once() -> None:
    event = new_event("ann")

    def die(_event: Event) -> None:
        log_activity(event)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        storage.handle_once(event, die)
    assert storage.handle_once(event, log_activity)

    assert [entry.event_id for entry in Activity.objects.all()] == [event.id]


def test_an_entry_that_comes_before_its_event_is_not_lost_when_the_log_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = new_event("ann")
    discard = activity._discard_unfounded  # noqa: SLF001 - The moment is just before it ends.

    def discard_between(batch: int) -> None:
        log_activity(event)
        discard(batch)
        storage.handle_once(event, ignore)

    monkeypatch.setattr(activity, "_discard_unfounded", discard_between)
    rebuild_activity()

    assert [entry.event_id for entry in Activity.objects.all()] == [event.id]


# Documents, as the services of other frameworks write and read them.


def test_a_user_lies_in_a_document_as_anywhere() -> None:
    new_user(CreationKey("key", "fingerprint"))

    [document] = documents("users")
    assert document.keys() == {
        "_id",
        "email",
        "name",
        "role",
        "password_hash",
        "created_at",
        "version",
        "generation",
        "creation",
        "outbox",
    }
    assert isinstance(document["_id"], ObjectId)
    assert document["creation"] == {"key": "key", "fingerprint": "fingerprint"}
    user = User.objects.get(creation_key="key")
    assert user.creation_fingerprint == "fingerprint"


@pytest.mark.parametrize("create", [new_user, lambda: User.objects.create(email="ann@example.org", name="Ann")])
def test_what_is_missing_is_not_there(create: Any) -> None:  # noqa: ANN401 - either way.
    user = create()
    assert "creation" not in documents("users")[0]
    assert User.objects.get(id=user.id).creation_key is None


def test_a_creation_key_outlives_a_change_and_goes_when_it_is_taken_away() -> None:
    user = new_user(CreationKey("key", "fingerprint"))
    storage.update(user, new_event(), version=1)
    assert documents("users")[0]["creation"] == {"key": "key", "fingerprint": "fingerprint"}

    user.creation_key = user.creation_fingerprint = None
    storage.update(user, new_event(), version=1)
    assert User.objects.get().creation_key is None


def test_a_session_names_its_user_by_text() -> None:
    user = new_user()
    sessions.sign_in(user.email, PASSWORD)

    assert documents("sessions")[0]["user_id"] == str(user.id)
    assert Session.objects.get(user=user).user == user
    assert Session.objects.filter(user__in=[user]).count() == 1


def test_an_entry_of_nobody_says_so() -> None:
    event = replace(new_event("", SESSION_REFUSED), data={"user_id": None, "by": None})
    log_activity(event)

    [document] = documents("activity")
    assert document.keys() == {"_id", "id", "type", "user_id", "by", "time"}
    assert document["user_id"] is None


@pytest.mark.parametrize("missing", ["email", "name"])
def test_a_value_that_must_be_there_is(missing: str) -> None:
    user = User(email="ann@example.org", name="Ann", password="hash")
    setattr(user, missing, None)
    with pytest.raises(IntegrityError):
        storage.insert(user, new_event())
    assert pending() == []


# Indexes


def indexes(name: str) -> set[str]:
    return set(connection.database[name].index_information())  # type: ignore[attr-defined]


@pytest.fixture
def _migrated_again() -> Iterator[None]:
    yield
    call_command("migrate", verbosity=0)


@pytest.mark.usefixtures("_migrated_again")
def test_migrations_go_forth_and_back_over_what_others_have_made() -> None:
    outbox = {"outbox_time", "outbox_id", "deleted"}
    assert indexes("users") >= {"email", "creation_key", *outbox}
    assert indexes("sessions") >= {"user_id", *outbox}
    assert indexes("incidents") >= outbox

    call_command("migrate", "events", "zero", verbosity=0)
    assert indexes("incidents") == set()
    call_command("migrate", "users", "zero", verbosity=0)
    new = connection.database["users"]  # type: ignore[attr-defined]
    new.create_index("email", name="email", unique=True, sparse=True)
    call_command("migrate", verbosity=0)
    assert indexes("users") >= {"email", "creation_key", *outbox}


def test_storage_says_in_djangos_words_that_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_name: str) -> None:
        raise ServerSelectionTimeoutError("the secret host")

    monkeypatch.setattr(mongodb, "_named", fail)
    with pytest.raises(OperationalError):
        storage.append(new_event())
