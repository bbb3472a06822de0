"""Who may do what. Ann and Bob are ordinary users; neither may do anything about the other, or about anybody else."""

import pytest

from .client import Service, new_email, new_password, new_user, problem, wrong_fields
from .documents import Node

CHANGES: list[Node] = [
    {},
    {"name": "Mallory"},
    {"email": "mallory@example.org"},
    {"role": "user"},
    {"role": "admin"},
    {"password": "a-password-of-mallory"},
    {"password": "a-password-of-mallory", "current_password": "whatever it was"},
]


def test_a_user_may_read_change_and_delete_themselves(service: Service) -> None:
    ann, session = service.sign_up()
    email = new_email()

    assert session.caller.get(ann.path).json()["id"] == ann.id
    changed = session.caller.patch(ann.path, json={"name": "Bea", "email": email})
    assert changed.status_code == 200
    assert changed.json()["name"] == "Bea"
    assert changed.json()["email"] == email
    assert service.admin.get(ann.path).json() == changed.json()
    assert session.caller.delete(ann.path).status_code == 204
    problem(service.admin.get(ann.path), 404, "not-found")


def test_a_user_may_not_read_about_others(service: Service) -> None:
    _, session = service.sign_up()
    bob = service.create()
    boss = service.create("admin")

    answers = [session.caller.get(path) for path in (bob.path, boss.path, "/v1/users/nobody")]

    # Whether somebody exists is nobody's business.
    told = [problem(answer, 403, "forbidden") | {"request_id": ""} for answer in answers]
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("change", CHANGES)
def test_a_user_may_not_change_others(service: Service, change: Node) -> None:
    _, session = service.sign_up()
    bob = service.create()

    told = [
        problem(session.caller.patch(path, json=change), 403, "forbidden") | {"request_id": ""}
        for path in (bob.path, "/v1/users/nobody")
    ]

    assert told[0] == told[1]
    assert service.admin.get(bob.path).headers["ETag"] == bob.version
    bob.sign_in()


def test_a_user_may_not_delete_others(service: Service) -> None:
    _, session = service.sign_up()
    bob = service.create()

    for path in (bob.path, "/v1/users/nobody"):
        problem(session.caller.delete(path), 403, "forbidden")

    assert service.admin.get(bob.path).status_code == 200


@pytest.mark.parametrize("tags", ["*", '"stale"', "{version}"])
def test_if_match_tells_nothing_about_others(service: Service, tags: str) -> None:
    _, session = service.sign_up()
    bob = service.create()
    headers = {"If-Match": tags.format(version=bob.version)}

    for path in (bob.path, "/v1/users/nobody"):
        problem(session.caller.patch(path, json={"name": "Mallory"}, headers=headers), 403, "forbidden")
        problem(session.caller.delete(path, headers=headers), 403, "forbidden")


def test_a_taken_email_tells_nothing_about_others(service: Service) -> None:
    ann, session = service.sign_up()
    bob = service.create()

    problem(session.caller.patch(bob.path, json={"email": ann.email}), 403, "forbidden")
    problem(session.caller.post("/v1/users", json=new_user(email=bob.email)), 403, "forbidden")


def test_a_user_may_not_list_or_create(service: Service) -> None:
    _, session = service.sign_up()

    problem(session.caller.get("/v1/users"), 403, "forbidden")
    problem(session.caller.get("/v1/users", params={"limit": 1}), 403, "forbidden")
    body = new_user()
    problem(session.caller.post("/v1/users", json=body), 403, "forbidden")
    problem(session.caller.post("/v1/users", json=body, headers={"Idempotency-Key": "mine"}), 403, "forbidden")
    problem(service.try_to_sign_in(body["email"], body["password"]), 401, "wrong-credentials")


def test_a_user_may_not_make_themselves_an_admin(service: Service) -> None:
    ann, session = service.sign_up()

    problem(session.caller.patch(ann.path, json={"role": "admin"}), 403, "forbidden")
    problem(session.caller.patch(ann.path, json={"name": "Bea", "role": "admin"}), 403, "forbidden")

    read = session.caller.get(ann.path)
    assert read.json()["role"] == "user"
    assert read.json()["name"] == ann.name
    assert read.headers["ETag"] == ann.version
    problem(ann.sign_in().caller.get("/v1/users"), 403, "forbidden")


@pytest.mark.parametrize("field", ["id", "created_at", "is_admin", "roles", "permissions", "version", "generation"])
def test_a_user_may_not_set_what_is_not_theirs(service: Service, field: str) -> None:
    ann, session = service.sign_up()

    answer = session.caller.patch(ann.path, json={"name": "Bea", field: "admin"})

    assert wrong_fields(answer) == {("body", field)}
    assert service.admin.get(ann.path).headers["ETag"] == ann.version


def test_an_admin_may_do_everything(service: Service) -> None:
    boss, session = service.sign_up("admin")
    ann = service.create()

    assert session.caller.get("/v1/users", params={"limit": 1}).status_code == 200
    created = session.caller.post("/v1/users", json=new_user(role="admin"))
    assert created.status_code == 201
    assert session.caller.get(ann.path).status_code == 200
    password = new_password()
    # Of somebody else, no password has to be known.
    assert session.caller.patch(ann.path, json={"role": "admin", "password": password}).status_code == 200
    assert service.sign_in(ann.email, password).caller.get("/v1/users/me").json()["role"] == "admin"
    assert session.caller.delete(ann.path).status_code == 204
    problem(session.caller.get(ann.path), 404, "not-found")
    assert session.caller.delete(f"/v1/users/{created.json()['id']}").status_code == 204
    assert session.caller.delete(boss.path).status_code == 204


def test_an_admin_may_step_down(service: Service) -> None:
    boss, session = service.sign_up("admin")

    changed = session.caller.patch(boss.path, json={"role": "user"})

    assert changed.status_code == 200
    problem(session.caller.get("/v1/users"), 401, "invalid-token")
    problem(boss.sign_in().caller.get("/v1/users"), 403, "forbidden")
