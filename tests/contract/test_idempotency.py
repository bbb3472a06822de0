"""Idempotency-Key: a creation may be repeated when its answer got lost."""

import json
import uuid

import pytest

from .client import Caller, Service, new_email, new_password, new_user, problem, wrong_fields
from .documents import Node


def new_key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def test_same_key_and_body_is_answered_with_the_same_user(admin: Caller) -> None:
    body, key = new_user(), new_key()

    first = admin.post("/v1/users", json=body, headers=key)
    again = [admin.post("/v1/users", json=body, headers=key) for _ in range(3)]

    assert first.status_code == 201
    for answer in again:
        assert answer.status_code == 201
        assert answer.json() == first.json()
        assert answer.headers["Location"] == first.headers["Location"]
        assert answer.headers["ETag"] == first.headers["ETag"]


def test_the_order_of_fields_makes_no_other_body(admin: Caller) -> None:
    body, key = new_user(), new_key()
    first = admin.post("/v1/users", json=body, headers=key)

    turned = json.dumps(dict(reversed(body.items())), indent=2)
    again = admin.post("/v1/users", content=turned, headers={**key, "Content-Type": "application/json"})

    assert again.status_code == 201
    assert again.json()["id"] == first.json()["id"]


@pytest.mark.parametrize(
    "change",
    [{"name": "Bea"}, {"email": "another"}, {"password": "another-long-password"}, {"role": "admin"}],
    ids=lambda change: next(iter(change)),
)
def test_same_key_with_another_body_is_refused(service: Service, admin: Caller, change: Node) -> None:
    body, key = new_user(), new_key()
    first = admin.post("/v1/users", json=body, headers=key)
    other = body | ({"email": new_email("bea")} if "email" in change else change)

    for _ in range(2):
        problem(admin.post("/v1/users", json=other, headers=key), 422, "key-reused")

    assert admin.post("/v1/users", json=body, headers=key).json() == first.json()
    service.sign_in(body["email"], body["password"])
    if other["email"] != body["email"]:
        problem(service.try_to_sign_in(other["email"], other["password"]), 401, "wrong-credentials")


def test_another_key_is_another_request(admin: Caller) -> None:
    body = new_user()
    assert admin.post("/v1/users", json=body, headers=new_key()).status_code == 201

    problem(admin.post("/v1/users", json=body, headers=new_key()), 409, "email-taken")
    problem(admin.post("/v1/users", json=body), 409, "email-taken")


def test_two_callers_may_use_the_same_key(service: Service, admin: Caller) -> None:
    _, session = service.sign_up("admin")
    key = new_key()

    one = admin.post("/v1/users", json=new_user(), headers=key)
    other = session.caller.post("/v1/users", json=new_user(), headers=key)

    assert one.status_code == other.status_code == 201
    assert one.json()["id"] != other.json()["id"]


def test_a_key_belongs_to_the_caller_not_to_the_token(service: Service) -> None:
    boss = service.create("admin")
    body, key = new_user(), new_key()

    first = boss.sign_in().caller.post("/v1/users", json=body, headers=key)
    again = boss.sign_in().caller.post("/v1/users", json=body, headers=key)

    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()


def test_the_user_is_answered_as_it_is_now(admin: Caller) -> None:
    body, key = new_user(), new_key()
    path = f"/v1/users/{admin.post('/v1/users', json=body, headers=key).json()['id']}"
    changed = admin.patch(path, json={"name": "Bea", "email": new_email(), "password": new_password()})
    assert changed.status_code == 200

    again = admin.post("/v1/users", json=body, headers=key)

    assert again.status_code == 201
    assert again.json() == changed.json()
    assert again.headers["ETag"] == changed.headers["ETag"]


def test_after_a_deletion_another_user_is_created(admin: Caller) -> None:
    body, key = new_user(), new_key()
    first = admin.post("/v1/users", json=body, headers=key).json()
    assert admin.delete(f"/v1/users/{first['id']}").status_code == 204

    again = admin.post("/v1/users", json=body, headers=key)

    assert again.status_code == 201
    assert again.json()["id"] != first["id"]
    assert admin.get(f"/v1/users/{again.json()['id']}").status_code == 200
    assert admin.post("/v1/users", json=body, headers=key).json() == again.json()


def test_a_refused_request_can_be_repeated(admin: Caller) -> None:
    """With the same key, once its reason is gone."""
    taken, key = new_user(), new_key()
    other = admin.post("/v1/users", json=taken).json()
    body = new_user(email=taken["email"])
    problem(admin.post("/v1/users", json=body, headers=key), 409, "email-taken")
    assert admin.delete(f"/v1/users/{other['id']}").status_code == 204

    assert admin.post("/v1/users", json=body, headers=key).status_code == 201


def test_race_with_the_same_key(admin: Caller) -> None:
    body, key = new_user(), new_key()

    answers = admin.at_once(20, lambda _: admin.post("/v1/users", json=body, headers=key))

    assert [answer.status_code for answer in answers] == [201] * 20
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_race_with_the_same_key_and_different_bodies(admin: Caller) -> None:
    bodies, key = [new_user() for _ in range(10)], new_key()

    answers = admin.at_once(10, lambda number: admin.post("/v1/users", json=bodies[number], headers=key))

    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 9
    for answer in answers:
        if answer.status_code == 422:
            problem(answer, 422, "key-reused")


@pytest.mark.parametrize("key", ["!", "~", '"quoted"', "a,b", "k" * 255, "%00", "../../etc/passwd"])
def test_good_key(service: Service, key: str) -> None:
    _, session = service.sign_up("admin")
    body = new_user()

    first = session.caller.post("/v1/users", json=body, headers={"Idempotency-Key": key})
    again = session.caller.post("/v1/users", json=body, headers={"Idempotency-Key": key})

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()


@pytest.mark.parametrize("key", [b"", b"two words", b"a\tb", b"k" * 256, b"\xe4\xff", "schlüssel".encode()])
def test_bad_key(service: Service, admin: Caller, key: bytes) -> None:
    body = new_user()

    answer = admin.post("/v1/users", json=body, headers={"Idempotency-Key": key})

    assert {(place, name.lower()) for place, name in wrong_fields(answer)} == {("header", "idempotency-key")}
    problem(service.try_to_sign_in(body["email"], body["password"]), 401, "wrong-credentials")
