from datetime import UTC, datetime

import pytest

from service.users import services
from service.users.services import NewUser
from tests.people import PASSWORD, Person

NEW = {"email": "New@Example.org", "name": "New", "password": PASSWORD}


def add(name: str) -> str:
    return str(services.add_user(NewUser(email=f"{name}@example.org", name=name, password=PASSWORD)).id)


def test_a_user_is_created_and_can_be_found(admin: Person) -> None:
    created = admin.call("POST", "/v1/users", NEW)

    assert created.status == 201
    assert created.headers["ETag"] == '"1"'
    body = created.json()
    assert set(body) == {"id", "email", "name", "role", "created_at"}
    assert (body["email"], body["name"], body["role"]) == ("new@example.org", "New", "user")
    assert body["created_at"].endswith("Z")
    assert abs((datetime.now(UTC) - datetime.fromisoformat(body["created_at"])).total_seconds()) < 60
    assert created.headers["Location"] == f"/v1/users/{body['id']}"
    found = admin.call("GET", created.headers["Location"])
    assert (found.status, found.json(), found.headers["ETag"]) == (200, body, '"1"')


def test_oneself_is_found_under_me(ann: Person) -> None:
    found = ann.call("GET", "/v1/users/me")

    assert (found.status, found.headers["ETag"]) == (200, '"1"')
    assert found.json() == ann.call("GET", ann.path).json()


def test_a_user_is_changed_and_deleted(ann: Person) -> None:
    changed = ann.call("PATCH", ann.path, {"name": "Ann E."})
    assert (changed.status, changed.json()["name"], changed.headers["ETag"]) == (200, "Ann E.", '"2"')

    deleted = ann.call("DELETE", ann.path)
    assert (deleted.status, deleted.content) == (204, b"")
    assert ann.call("GET", ann.path).status == 401


def test_a_change_is_seen_at_once(admin: Person, ann: Person) -> None:
    assert admin.call("GET", ann.path).json()["name"] == "ann"
    ann.call("PATCH", ann.path, {"name": "Ann E."})
    assert admin.call("GET", ann.path).json()["name"] == "Ann E."
    ann.call("DELETE", ann.path)
    assert admin.call("GET", ann.path).status == 404


def test_what_may_not_be_done_is_refused(ann: Person, bob: Person) -> None:
    for method, path, body in (
        ("GET", "/v1/users", None),
        ("POST", "/v1/users", NEW),
        ("GET", bob.path, None),
        ("PATCH", bob.path, {"name": "Robert"}),
        ("PATCH", ann.path, {"role": "admin"}),
        ("DELETE", bob.path, None),
    ):
        refused = ann.call(method, path, body)
        assert (refused.status, refused.problem) == (403, "forbidden"), (method, path)


def test_an_address_that_is_taken_is_a_conflict(admin: Person, ann: Person) -> None:
    created = admin.call("POST", "/v1/users", NEW | {"email": ann.user.email.upper()})
    changed = admin.call("PATCH", admin.path, {"email": ann.user.email})

    for refused in (created, changed):
        assert (refused.status, refused.problem) == (409, "email-taken")


def test_who_is_not_there_is_not_found(admin: Person) -> None:
    for method, body in (("GET", None), ("PATCH", {"name": "N"}), ("DELETE", None)):
        refused = admin.call(method, "/v1/users/nobody", body)
        assert (refused.status, refused.problem) == (404, "not-found")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "ann"}, "email"),
        ({"email": "ann@localhost"}, "email"),
        ({"email": "ann@example.org\n"}, "email"),
        ({"email": f"ann@{'a.' * 130}org"}, "email"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a" * 101}, "name"),
        ({"password": "a" * 11}, "password"),
        ({"password": "a" * 129}, "password"),
        ({"role": "root"}, "role"),
        ({"name": None}, "name"),
        ({"id": "chosen"}, "id"),
        ({"version": 9}, "version"),
        ({"is_admin": True}, "is_admin"),
    ],
)
def test_a_field_that_is_wrong_is_named(admin: Person, wrong: dict[str, object], field: str) -> None:
    for refused in (admin.call("POST", "/v1/users", NEW | wrong), admin.call("PATCH", admin.path, wrong)):
        assert (refused.status, refused.wrong) == (422, [("body", field)])


def test_a_password_is_changed_by_who_knows_it(ann: Person) -> None:
    refused = ann.call("PATCH", ann.path, {"password": "another horse, another battery"})
    assert (refused.status, refused.wrong) == (422, [("body", "current_password")])

    new = {"password": "another horse, another battery", "current_password": PASSWORD}
    assert ann.call("PATCH", ann.path, new).status == 200
    assert ann.call("GET", "/v1/users/me").status == 401


# Pages


def test_pages_hold_every_user_once_while_others_come_and_go(admin: Person) -> None:
    there = [admin.id, *(add(f"user{number}") for number in range(24))]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = admin.call("GET", f"/v1/users?limit=5{f'&cursor={cursor}' if cursor else ''}").json()
        seen += [user["id"] for user in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) == 5
        add(f"late{len(seen)}")
        admin.call("DELETE", f"/v1/users/{seen[0]}")

    assert sorted(seen) == sorted(there)


def test_a_page_holds_fifty_users_newest_first(admin: Person) -> None:
    for number in range(50):
        add(f"user{number}")

    page = admin.call("GET", "/v1/users").json()

    created = [datetime.fromisoformat(user["created_at"]) for user in page["items"]]
    assert len(created) == 50
    assert created == sorted(created, reverse=True)
    assert page["next_cursor"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=some", "cursor=", "cursor=*", "cursor=AAAA", "cursor=WzEsICJhIl0"]
)
def test_a_page_that_is_none_is_refused(admin: Person, query: str) -> None:
    refused = admin.call("GET", f"/v1/users?{query}")

    assert (refused.status, refused.wrong) == (422, [("query", query.partition("=")[0])])


# Idempotency keys


def test_a_creation_is_repeated_with_its_key(admin: Person) -> None:
    key = {"Idempotency-Key": "a-key"}
    first, second = [admin.call("POST", "/v1/users", NEW, key) for _ in range(2)]
    other = admin.call("POST", "/v1/users", NEW | {"name": "Other"}, key)
    without = admin.call("POST", "/v1/users", NEW)

    assert (first.status, second.status, other.status, without.status) == (201, 201, 422, 409)
    assert (first.json(), first.headers["Location"]) == (second.json(), second.headers["Location"])
    assert (other.problem, other.wrong) == ("key-reused", [("header", "Idempotency-Key")])


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\xe9"])
def test_a_key_is_printable_and_not_too_long(admin: Person, key: str) -> None:
    refused = admin.call("POST", "/v1/users", NEW, {"Idempotency-Key": key})

    assert (refused.status, refused.wrong) == (422, [("header", "Idempotency-Key")])


# Versions


@pytest.mark.parametrize("condition", ['"1"', '"7", "1"', '"1","7"', "*", ' "1" '])
def test_a_condition_that_holds(ann: Person, condition: str) -> None:
    for body, status in (({"name": "Ann"}, 200), ({"name": "ann"}, 412)):
        changed = ann.call("PATCH", ann.path, body, {"If-Match": condition})
        assert changed.status == (200 if condition == "*" else status)
    assert ann.call("DELETE", ann.path, headers={"If-Match": f'{condition}, "2", "3"'}).status == 204


@pytest.mark.parametrize("condition", ['"2"', "1", 'W/"1"', '"01x"', '"1', "", '"', '"1"2"', '"99999999999999999999"'])
def test_a_condition_that_does_not_hold(ann: Person, condition: str) -> None:
    for method, body in (("PATCH", {"name": "Ann"}), ("DELETE", None)):
        refused = ann.call(method, ann.path, body, {"If-Match": condition})
        assert (refused.status, refused.problem) == (412, "stale")
    assert ann.call("GET", ann.path).headers["ETag"] == '"1"'
