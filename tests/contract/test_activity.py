"""The activity log: what happened, newest first, for admins and for everybody about themselves.

It is made from events, so all that is looked for here may take a moment to come.
"""

import base64
import json
import time
import uuid
from datetime import datetime
from itertools import pairwise

import pytest

from .client import Caller, Person, Service, new_email, new_password, new_user, problem, wrong_fields
from .documents import Json, Node

PATIENCE = 30.0


def entries(caller: Caller, **parameters: str | int) -> list[Node]:
    """All entries, read page by page."""
    found: list[Node] = []
    cursor: str | None = ""
    seen: set[str] = set()
    while cursor is not None:
        answer = caller.get("/v1/activity", params=parameters | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["items"]) <= int(parameters.get("limit", 50))
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        assert cursor not in seen, "the list goes round in a circle"
        seen.add(cursor or "")
    return found


def eventually(caller: Caller, user_id: str, types: list[str]) -> list[Node]:
    """The entries about a user as soon as they are of these types, newest first. Fails if they ever are too many."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = entries(caller, user=user_id)
        told = [entry["type"] for entry in found]
        if sorted(told) == sorted(types):
            # They are as new as the clock tells; of one millisecond, they may be in any order.
            assert all(newer >= older for newer, older in pairwise(times(found))), found
            return found
        assert len(told) <= len(types), f"{told} instead of {types}"
        assert time.monotonic() < deadline, f"{told} instead of {types}"
        time.sleep(0.02)


def times(found: list[Node]) -> list[datetime]:
    """As moments: a whole second may be written without its milliseconds."""
    return [datetime.fromisoformat(entry["time"]) for entry in found]


def one(found: list[Node], event_type: str) -> Node:
    [entry] = [entry for entry in found if entry["type"] == event_type]
    return entry


def id_of(caller: Caller) -> str:
    return str(caller.get("/v1/users/me").json()["id"])


def test_what_happens_is_logged(service: Service, admin: Caller) -> None:
    ann = service.create()
    session = ann.sign_in()
    problem(service.try_to_sign_in(ann.email, "not the password"), 401, "wrong-credentials")
    assert session.caller.patch(ann.path, json={"name": "Bea"}).status_code == 200
    assert admin.patch(ann.path, json={"role": "admin"}).status_code == 200
    assert admin.delete(ann.path).status_code == 204

    types = ["user.deleted", "user.updated", "user.updated", "session.refused", "session.started", "user.created"]
    found = eventually(admin, ann.id, types)

    assert all(entry["user_id"] == ann.id for entry in found)
    assert len({entry["id"] for entry in found}) == len(found)
    boss = id_of(admin)
    assert one(found, "user.created")["by"] == boss
    assert one(found, "session.started")["by"] == ann.id
    assert one(found, "session.refused")["by"] is None
    assert {entry["by"] for entry in found if entry["type"] == "user.updated"} == {ann.id, boss}
    assert one(found, "user.deleted")["by"] == boss
    created = one(found, "user.created")["time"]
    assert datetime.fromisoformat(created) == datetime.fromisoformat(ann.created_at)


def test_a_refused_sign_in_without_an_account_is_logged_without_a_name(service: Service, admin: Caller) -> None:
    secret = f"my-password-{uuid.uuid4().hex}"
    count = sum(entry["user_id"] is None for entry in newest(admin))
    problem(service.try_to_sign_in(secret, new_password()), 401, "wrong-credentials")
    problem(service.try_to_sign_in(new_email(), secret), 401, "wrong-credentials")

    deadline = time.monotonic() + PATIENCE
    while sum(entry["user_id"] is None for entry in newest(admin)) < min(count + 2, 100):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    refused = [entry for entry in newest(admin) if entry["user_id"] is None]
    assert all(entry["type"] == "session.refused" and entry["by"] is None for entry in refused)
    assert secret not in json.dumps(refused)


def newest(admin: Caller) -> list[Node]:
    items: list[Node] = admin.get("/v1/activity", params={"limit": 100}).json()["items"]
    return items


def test_what_does_not_happen_is_not_logged(service: Service, admin: Caller) -> None:
    ann, session = service.sign_up()
    bob = service.create()
    problem(admin.post("/v1/users", json=new_user(email=ann.email)), 409, "email-taken")
    problem(admin.patch(ann.path, json={"email": bob.email}), 409, "email-taken")
    problem(admin.patch(ann.path, json={"name": "X"}, headers={"If-Match": '"stale"'}), 412, "stale")
    problem(session.caller.patch(ann.path, json={"role": "admin"}), 403, "forbidden")
    problem(session.caller.delete(bob.path), 403, "forbidden")
    assert admin.patch(ann.path, json={"name": ann.name}).status_code == 200  # Which they are called already.
    assert admin.patch(ann.path, json={"name": "The end"}).status_code == 200
    assert admin.patch(bob.path, json={"name": "The end"}).status_code == 200

    eventually(admin, ann.id, ["user.updated", "session.started", "user.created"])
    eventually(admin, bob.id, ["user.updated", "user.created"])


def test_a_request_that_is_repeated_is_logged_once(service: Service, admin: Caller) -> None:
    body, headers = new_user(), {"Idempotency-Key": uuid.uuid4().hex}
    first = admin.post("/v1/users", json=body, headers=headers).json()
    assert admin.post("/v1/users", json=body, headers=headers).json() == first
    service.sign_in(body["email"], body["password"])

    eventually(admin, first["id"], ["session.started", "user.created"])


def test_each_of_many_changes_is_logged_once(service: Service, admin: Caller) -> None:
    ann = service.create()
    answers = admin.at_once(20, lambda number: admin.patch(ann.path, json={"name": f"Ann {number}"}))
    count = sum(answer.status_code == 200 for answer in answers)
    assert count > 0

    eventually(admin, ann.id, ["user.updated"] * count + ["user.created"])


# ---------------------------------------------------------------------------------------------- who may read it


@pytest.fixture(scope="module")
def bob(service: Service, admin: Caller) -> Person:
    """Somebody else, with something to read about."""
    person = service.create()
    eventually(admin, person.id, ["user.created"])
    return person


def test_a_user_may_read_about_themselves(service: Service) -> None:
    ann, session = service.sign_up()

    found = eventually(session.caller, ann.id, ["session.started", "user.created"])

    assert found == entries(service.admin, user=ann.id)


def test_a_user_may_not_read_about_others(service: Service, bob: Person) -> None:
    _, session = service.sign_up()

    answers = [
        session.caller.get("/v1/activity", params=parameters)
        for parameters in ({"user": bob.id}, {"user": "nobody"}, None, {"limit": "1"})
    ]

    # Whether somebody exists is nobody's business.
    told = [problem(answer, 403, "forbidden") | {"request_id": ""} for answer in answers]
    assert all(each == told[0] for each in told)


def test_two_users_read_different_things(service: Service) -> None:
    (ann, of_ann), (bob, of_bob) = service.sign_up(), service.sign_up()

    about_ann = eventually(of_ann.caller, ann.id, ["session.started", "user.created"])
    about_bob = eventually(of_bob.caller, bob.id, ["session.started", "user.created"])

    assert {entry["user_id"] for entry in about_ann} == {ann.id}
    assert {entry["user_id"] for entry in about_bob} == {bob.id}
    problem(of_ann.caller.get("/v1/activity", params={"user": bob.id}), 403, "forbidden")
    problem(of_bob.caller.get("/v1/activity", params={"user": ann.id}), 403, "forbidden")


def test_a_cursor_of_somebody_else_opens_nothing(service: Service, admin: Caller) -> None:
    ann, session = service.sign_up()
    eventually(session.caller, ann.id, ["session.started", "user.created"])
    cursor = admin.get("/v1/activity", params={"limit": 1}).json()["next_cursor"]

    problem(session.caller.get("/v1/activity", params={"cursor": cursor}), 403, "forbidden")
    answer = session.caller.get("/v1/activity", params={"cursor": cursor, "user": ann.id})
    assert all(entry["user_id"] == ann.id for entry in answer.json()["items"])


def test_nobody_reads_it_without_a_token(anyone: Caller, bob: Person) -> None:
    problem(anyone.get("/v1/activity"), 401, "invalid-token")
    problem(anyone.with_token("forged").get("/v1/activity", params={"user": bob.id}), 401, "invalid-token")


def test_an_admin_reads_about_everybody(service: Service, admin: Caller, bob: Person) -> None:
    boss, session = service.sign_up("admin")
    eventually(admin, boss.id, ["session.started", "user.created"])

    assert entries(session.caller, user=bob.id) == entries(admin, user=bob.id)
    assert session.caller.get("/v1/activity", params={"limit": 1}).json()["items"]


def test_what_is_about_somebody_who_is_gone_stays(service: Service, admin: Caller) -> None:
    ann = service.create()
    assert admin.delete(ann.path).status_code == 204

    eventually(admin, ann.id, ["user.deleted", "user.created"])


def test_nothing_is_about_nobody(admin: Caller) -> None:
    answer = admin.get("/v1/activity", params={"user": "nobody"})

    assert answer.json() == {"items": [], "next_cursor": None}


# ---------------------------------------------------------------------------------------------- page by page


@pytest.fixture(scope="module")
def busy(service: Service, admin: Caller) -> Person:
    """Somebody who was changed often."""
    person = service.create()
    for number in range(24):
        assert admin.patch(person.path, json={"name": f"Ann {number}"}).status_code == 200
    eventually(admin, person.id, ["user.updated"] * 24 + ["user.created"])
    return person


@pytest.mark.parametrize("limit", [1, 2, 5, 24, 25, 100])
def test_nothing_is_left_out_or_repeated(admin: Caller, busy: Person, limit: int) -> None:
    found = entries(admin, user=busy.id, limit=limit)

    assert len({entry["id"] for entry in found}) == len(found) == 25
    assert times(found) == sorted(times(found), reverse=True)


def test_new_entries_do_not_move_a_cursor(service: Service, admin: Caller, busy: Person) -> None:
    before = entries(admin, limit=100)
    first = admin.get("/v1/activity", params={"limit": 2}).json()
    ann = service.create()
    eventually(admin, ann.id, ["user.created"])

    rest = entries(admin, limit=100, cursor=first["next_cursor"])

    known = [entry["id"] for entry in rest]
    assert not {entry["id"] for entry in first["items"]} & set(known)
    assert {entry["id"] for entry in before} <= {entry["id"] for entry in first["items"]} | set(known)
    assert busy.id in {entry["user_id"] for entry in rest}


def test_a_last_page_that_is_just_full_ends_the_list(admin: Caller, busy: Person) -> None:
    assert admin.get("/v1/activity", params={"user": busy.id, "limit": 25}).json()["next_cursor"] is None
    assert admin.get("/v1/activity", params={"user": busy.id, "limit": 24}).json()["next_cursor"]


@pytest.mark.usefixtures("busy")
def test_fifty_unless_told_otherwise(service: Service, admin: Caller) -> None:
    people = [service.create() for _ in range(30)]
    for person in people:
        eventually(admin, person.id, ["user.created"])

    assert len(admin.get("/v1/activity").json()["items"]) == 50


# ---------------------------------------------------------------------------------------------- bad questions


@pytest.mark.parametrize("limit", ["0", "-1", "101", "99999999999999999999", "x", "", "1.5", "null", "\x00"])
def test_bad_limit(admin: Caller, limit: str) -> None:
    assert wrong_fields(admin.get("/v1/activity", params={"limit": limit})) == {("query", "limit")}


@pytest.mark.parametrize("cursor", ["", "!", "a b", "abc", "null", "x" * 201, "ä", "\x00", "W10", "e30"])
def test_bad_cursor(admin: Caller, cursor: str) -> None:
    assert wrong_fields(admin.get("/v1/activity", params={"cursor": cursor})) == {("query", "cursor")}


@pytest.mark.parametrize("user", ["", "x" * 65])
def test_bad_user(admin: Caller, user: str) -> None:
    assert wrong_fields(admin.get("/v1/activity", params={"user": user})) == {("query", "user")}


@pytest.mark.parametrize("user", ["\x00", "' OR 1=1 --", '{"$ne": null}', "\ud7ff\U0010ffff", "null", "%", "x" * 64])
def test_users_that_cannot_be(admin: Caller, user: str) -> None:
    answer = admin.get("/v1/activity", params={"user": user})

    assert answer.status_code == 422 or answer.json() == {"items": [], "next_cursor": None}


def test_everything_that_is_wrong_is_named(admin: Caller) -> None:
    answer = admin.get("/v1/activity", params={"cursor": "!", "limit": "0", "user": ""})

    assert wrong_fields(answer) == {("query", "cursor"), ("query", "limit"), ("query", "user")}


FORGED: list[Json] = [[1, 2], [None, None], ["x", "y"], [0, {}], [10**30, "a"], [0, "\x00"], [0, "x" * 100], {}, "x"]


@pytest.mark.parametrize("position", FORGED)
@pytest.mark.parametrize("parameters", [{}, {"user": "nobody"}])
def test_forged_cursors_break_nothing(admin: Caller, position: Json, parameters: dict[str, str]) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")

    answer = admin.get("/v1/activity", params={**parameters, "cursor": cursor})

    assert answer.status_code in {200, 422}, answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_writes_it(admin: Caller, method: str) -> None:
    problem(admin.request(method, "/v1/activity", json={}), 405, "method-not-allowed")
