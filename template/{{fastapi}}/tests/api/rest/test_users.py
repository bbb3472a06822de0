import asyncio
from datetime import UTC, datetime

import pytest

from service.domain.users import NewUser
from service.wiring import Service
from tests.people import PASSWORD, Person

NEW = {"email": "New@Example.org", "name": "New", "password": PASSWORD}


async def test_a_user_is_created_and_can_be_found(admin: Person) -> None:
    response = await admin.http.post("/v1/users", json=NEW)

    assert response.status_code == 201
    assert response.headers["etag"] == '"1"'
    body = response.json()
    assert set(body) == {"id", "email", "name", "role", "created_at"}
    assert (body["email"], body["name"], body["role"]) == ("new@example.org", "New", "user")
    assert body["created_at"].endswith("Z")
    assert abs((datetime.now(UTC) - datetime.fromisoformat(body["created_at"])).total_seconds()) < 60
    assert response.headers["location"] == f"/v1/users/{body['id']}"
    found = await admin.http.get(response.headers["location"])
    assert (found.status_code, found.json(), found.headers["etag"]) == (200, body, '"1"')


async def test_oneself_is_found_under_me(ann: Person) -> None:
    response = await ann.http.get("/v1/users/me")

    assert response.status_code == 200
    assert response.headers["etag"] == '"1"'
    assert response.json() == (await ann.http.get(ann.path)).json()


async def test_a_user_is_changed_and_deleted(ann: Person) -> None:
    changed = await ann.http.patch(ann.path, json={"name": "Ann E."})
    assert (changed.status_code, changed.json()["name"], changed.headers["etag"]) == (200, "Ann E.", '"2"')

    deleted = await ann.http.delete(ann.path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await ann.http.get(ann.path)).status_code == 401


async def test_what_may_not_be_done_is_refused(ann: Person, bob: Person) -> None:
    for method, path, body in (
        ("GET", "/v1/users", None),
        ("POST", "/v1/users", NEW),
        ("GET", bob.path, None),
        ("PATCH", bob.path, {"name": "Robert"}),
        ("PATCH", ann.path, {"role": "admin"}),
        ("DELETE", bob.path, None),
    ):
        response = await ann.http.request(method, path, json=body)
        assert response.status_code == 403, (method, path)
        assert response.json()["type"] == "urn:problem-type:forbidden"


async def test_an_address_that_is_taken_is_a_conflict(admin: Person, ann: Person) -> None:
    created = await admin.http.post("/v1/users", json=NEW | {"email": ann.user.email.upper()})
    changed = await admin.http.patch(admin.path, json={"email": ann.user.email})

    for response in (created, changed):
        assert response.status_code == 409
        assert response.json()["type"] == "urn:problem-type:email-taken"


async def test_who_is_not_there_is_not_found(admin: Person) -> None:
    for method, body in (("GET", None), ("PATCH", {"name": "N"}), ("DELETE", None)):
        response = await admin.http.request(method, "/v1/users/nobody", json=body)
        assert response.status_code == 404
        assert response.json()["type"] == "urn:problem-type:not-found"


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
async def test_a_field_that_is_wrong_is_named(admin: Person, wrong: dict[str, object], field: str) -> None:
    for response in (
        await admin.http.post("/v1/users", json=NEW | wrong),
        await admin.http.patch(admin.path, json=wrong),
    ):
        assert response.status_code == 422
        assert [(each["in"], each["field"]) for each in response.json()["errors"]] == [("body", field)]


async def test_a_password_is_changed_by_who_knows_it(ann: Person) -> None:
    refused = await ann.http.patch(ann.path, json={"password": "another horse, another battery"})
    assert refused.status_code == 422
    assert [(each["in"], each["field"]) for each in refused.json()["errors"]] == [("body", "current_password")]

    changed = await ann.http.patch(
        ann.path, json={"password": "another horse, another battery", "current_password": PASSWORD}
    )
    assert changed.status_code == 200
    assert (await ann.http.get("/v1/users/me")).status_code == 401


# Pages


async def test_pages_hold_every_user_once_while_others_come_and_go(admin: Person, service: Service) -> None:
    async def add(name: str) -> str:
        user = await service.users.add(NewUser(email=f"{name}@example.org", name=name, password=PASSWORD))
        return user.id

    there = [admin.user.id, *await asyncio.gather(*(add(f"user{number}") for number in range(24)))]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (await admin.http.get("/v1/users", params={"limit": 5} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [user["id"] for user in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) == 5
        await add(f"late{len(seen)}")
        await admin.http.delete(f"/v1/users/{seen[0]}")

    assert sorted(seen) == sorted(there)


async def test_a_page_holds_fifty_users_newest_first(admin: Person, service: Service) -> None:
    for number in range(50):
        await service.users.add(NewUser(email=f"user{number}@example.org", name="User", password=PASSWORD))

    page = (await admin.http.get("/v1/users")).json()

    created = [datetime.fromisoformat(user["created_at"]) for user in page["items"]]
    assert len(created) == 50
    assert created == sorted(created, reverse=True)
    assert page["next_cursor"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=some", "cursor=", "cursor=*", "cursor=AAAA", "cursor=WzEsICJhIl0"]
)
async def test_a_page_that_is_none_is_refused(admin: Person, query: str) -> None:
    response = await admin.http.get(f"/v1/users?{query}")

    assert response.status_code == 422
    assert [(each["in"], each["field"]) for each in response.json()["errors"]] == [("query", query.partition("=")[0])]


# Idempotency keys


async def test_a_creation_is_repeated_with_its_key(admin: Person) -> None:
    key = {"Idempotency-Key": "a-key"}
    first, second = [await admin.http.post("/v1/users", json=NEW, headers=key) for _ in range(2)]
    other = await admin.http.post("/v1/users", json=NEW | {"name": "Other"}, headers=key)
    without = await admin.http.post("/v1/users", json=NEW)

    assert (first.status_code, second.status_code, other.status_code, without.status_code) == (201, 201, 422, 409)
    assert (first.json(), first.headers["location"]) == (second.json(), second.headers["location"])
    assert other.json()["type"] == "urn:problem-type:key-reused"
    assert [(each["in"], each["field"]) for each in other.json()["errors"]] == [("header", "Idempotency-Key")]


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\xe9"])
async def test_a_key_is_printable_and_not_too_long(admin: Person, key: str) -> None:
    response = await admin.http.post("/v1/users", json=NEW, headers={b"Idempotency-Key": key.encode("latin-1")})

    assert response.status_code == 422
    assert [(each["in"], each["field"]) for each in response.json()["errors"]] == [("header", "Idempotency-Key")]


# Versions


@pytest.mark.parametrize("condition", ['"1"', '"7", "1"', '"1","7"', "*", ' "1" '])
async def test_a_condition_that_holds(ann: Person, condition: str) -> None:
    for method, body, status in (("PATCH", {"name": "Ann"}, 200), ("PATCH", {"name": "ann"}, 412)):
        response = await ann.http.request(method, ann.path, json=body, headers={"If-Match": condition})
        assert response.status_code == (200 if condition == "*" else status)
    assert (await ann.http.delete(ann.path, headers={"If-Match": f"{condition}, " + '"2", "3"'})).status_code == 204


@pytest.mark.parametrize("condition", ['"2"', "1", 'W/"1"', '"01x"', '"1', "", '"', '"1"2"', '"99999999999999999999"'])
async def test_a_condition_that_does_not_hold(ann: Person, condition: str) -> None:
    for method, body in (("PATCH", {"name": "Ann"}), ("DELETE", None)):
        response = await ann.http.request(method, ann.path, json=body, headers={"If-Match": condition})
        assert response.status_code == 412
        assert response.json()["type"] == "urn:problem-type:stale"
    assert (await ann.http.get(ann.path)).headers["etag"] == '"1"'
