import base64
import json
from datetime import datetime
from typing import Any

import pytest
from httpx import AsyncClient

from service.ports import Database
from tests.outbox import settled
from tests.people import Person


async def pages(person: Person, **parameters: str) -> list[list[dict[str, Any]]]:
    """All pages from the newest on."""
    found: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}
    while True:
        response = await person.http.get("/v1/activity", params={**parameters, **cursor})
        assert response.status_code == 200
        found.append(response.json()["items"])
        if response.json()["next_cursor"] is None:
            return found
        cursor = {"cursor": response.json()["next_cursor"]}


async def test_what_happened_can_be_read_newest_first(
    anyone: AsyncClient, admin: Person, ann: Person, database: Database
) -> None:
    await admin.http.patch(ann.path, json={"name": "Ann E."})
    await anyone.post("/v1/auth/token", data={"username": ann.user.email, "password": "not the password"})
    await anyone.post("/v1/auth/token", data={"username": "nobody", "password": "not the password"})
    await settled(database)

    (items,) = await pages(admin)
    assert all(set(item) == {"id", "type", "user_id", "by", "time"} for item in items)
    times = [datetime.fromisoformat(item["time"]) for item in items]
    assert times == sorted(times, reverse=True)
    happened = [(item["type"], item["user_id"], item["by"]) for item in items]
    admin_id, ann_id = admin.user.id, ann.user.id
    assert sorted(happened, key=str) == sorted(
        [
            ("session.refused", None, None),
            ("session.refused", ann_id, None),
            ("user.updated", ann_id, admin_id),
            ("session.started", ann_id, ann_id),
            ("user.created", ann_id, None),
            ("session.started", admin_id, admin_id),
            ("user.created", admin_id, None),
        ],
        key=str,
    )


async def test_pages_hold_everything_once(admin: Person, ann: Person, database: Database) -> None:
    for number in range(5):
        await ann.http.patch(ann.path, json={"name": f"Ann {number}"})
    await settled(database)
    (everything,) = await pages(admin, limit="100")

    found = await pages(admin, limit="2")
    assert [len(page) for page in found] == [2, 2, 2, 2, 1]
    assert [item for page in found for item in page] == everything
    of_ann = await pages(admin, limit="3", user=ann.user.id)
    assert [item for page in of_ann for item in page] == [item for item in everything if item["user_id"] == ann.user.id]


async def test_users_read_about_themselves_alone(ann: Person, bob: Person, database: Database) -> None:
    await settled(database)

    (items,) = await pages(ann, user=ann.user.id)
    assert [item["type"] for item in items] == ["session.started", "user.created"]
    for parameters in (None, {"user": bob.user.id}, {"user": "nobody"}):
        response = await ann.http.get("/v1/activity", params=parameters)
        assert response.status_code == 403, parameters


async def test_nobody_reads_it_without_signing_in(anyone: AsyncClient) -> None:
    assert (await anyone.get("/v1/activity")).status_code == 401


@pytest.mark.parametrize("user", ["nobody", "\0", "é", "x" * 64])
async def test_there_is_nothing_about_nobody(admin: Person, user: str) -> None:
    assert await pages(admin, user=user) == [[]]


def cursor(item_id: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([1, item_id]).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"user": ""},
        {"user": "x" * 65},
        {"cursor": ""},
        {"cursor": "nonsense"},
        {"cursor": cursor("no key")},
        {"cursor": cursor("\ud800")},
        {"cursor": cursor("\0")},
        {"cursor": cursor(1)},
    ],
)
async def test_wrong_parameters_are_refused_by_name(admin: Person, parameters: dict[str, str]) -> None:
    response = await admin.http.get("/v1/activity", params=parameters)

    assert response.status_code == 422
    assert next(iter(parameters)) in response.text
