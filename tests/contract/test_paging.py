"""The list of users: newest first, without a gap or a repetition, while others come and go."""

import base64
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise

import pytest

from .client import Caller, Service, new_user, pages, wrong_fields
from .documents import Node


def create_many(admin: Caller, count: int) -> set[str]:
    """The ids of so many new users."""

    def create(_: int) -> str:
        created = admin.post("/v1/users", json=new_user())
        assert created.status_code == 201, created.text
        return str(created.json()["id"])

    with ThreadPoolExecutor(8) as threads:
        return set(threads.map(create, range(count)))


@pytest.fixture(scope="module")
def thousand(admin: Caller) -> set[str]:
    return create_many(admin, 1000)


@contextmanager
def meanwhile(act: Callable[[], object]) -> Generator[None]:
    """Does something again and again, at least once."""
    over = threading.Event()

    def run() -> None:
        act()
        while not over.wait(0.005):
            act()

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(run)
        try:
            yield
        finally:
            over.set()
        running.result()


def ids(users: list[Node]) -> list[str]:
    return [user["id"] for user in users]


def read_until_seen(caller: Caller, limit: int, wanted: set[str]) -> list[Node]:
    """The list of users, as far as it takes to see all of these."""
    users: list[Node] = []
    missing = set(wanted)
    for page in pages(caller, limit):
        users.extend(page)
        missing.difference_update(ids(page))
        if not missing:
            break
    assert not missing, f"{len(missing)} of {len(wanted)} are left out"
    return users


@pytest.mark.parametrize(("limit", "count"), [(100, 1000), (7, 1000), (1, 100)])
def test_nothing_is_left_out_or_repeated(
    request: pytest.FixtureRequest, service: Service, admin: Caller, limit: int, count: int
) -> None:
    wanted = request.getfixturevalue("thousand") if count == 1000 else create_many(admin, count)

    def come_and_go() -> None:
        gone = service.create()
        service.create()
        assert admin.delete(gone.path).status_code == 204

    with meanwhile(come_and_go):
        users = read_until_seen(admin, limit, wanted)

    assert len(users) == len(set(ids(users))), "somebody is repeated"
    for newer, older in pairwise(users):
        assert datetime.fromisoformat(newer["created_at"]) >= datetime.fromisoformat(older["created_at"])


def test_newest_first(service: Service, admin: Caller) -> None:
    people = []
    for _ in range(10):
        people.append(service.create().id)
        time.sleep(0.002)  # Times are kept to the millisecond.

    users = read_until_seen(admin, 100, set(people))

    assert [user_id for user_id in ids(users) if user_id in people] == people[::-1]


@pytest.mark.usefixtures("thousand")
def test_the_list_comes_to_an_end(admin: Caller) -> None:
    *_, before_last = cursors(admin, 100)

    for _ in range(5):  # Unless others delete from it at this moment.
        last = admin.get("/v1/users", params={"limit": 100, "cursor": before_last}).json()
        assert last["next_cursor"] is None
        count = len(last["items"])
        assert count > 0
        again = admin.get("/v1/users", params={"limit": count, "cursor": before_last}).json()
        if again["items"] == last["items"]:
            assert again["next_cursor"] is None, "a page that is just full ends the list, too"
            break
    else:
        pytest.fail("the end of the list is never the same")


def cursors(caller: Caller, limit: int) -> Iterator[str]:
    cursor: str | None = ""
    while cursor is not None:
        parameters = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        cursor = caller.get("/v1/users", params=parameters).json()["next_cursor"]
        if cursor is not None:
            yield cursor


def test_reading_on_where_somebody_was_deleted(service: Service, admin: Caller) -> None:
    people = {service.create().id for _ in range(6)}
    position = read_until_one(admin, people)
    assert admin.delete(f"/v1/users/{position['id']}").status_code == 204
    others = people - {position["id"]}

    rest = admin.get("/v1/users", params={"limit": 100, "cursor": position["next_cursor"]}).json()

    found = [user_id for user_id in ids(rest["items"]) if user_id in people]
    assert set(found) == others - set(position["before"])
    assert len(found) == len(set(found))


def read_until_one(caller: Caller, people: set[str]) -> Node:
    """Reads one by one, up to the first of these people."""
    parameters: dict[str, str | int] = {"limit": 1}
    before: list[str] = []
    while True:
        page = caller.get("/v1/users", params=parameters).json()
        (user,) = page["items"]
        if user["id"] in people:
            return {"id": user["id"], "next_cursor": page["next_cursor"], "before": before}
        before.append(user["id"])
        parameters["cursor"] = page["next_cursor"]


@pytest.mark.usefixtures("thousand")
def test_a_page_holds_as_many_as_asked_for(admin: Caller) -> None:
    for limit in (1, 2, 7, 99, 100):
        page = admin.get("/v1/users", params={"limit": limit}).json()
        assert len(page["items"]) == limit
        assert page["next_cursor"]


@pytest.mark.usefixtures("thousand")
def test_fifty_unless_told_otherwise(admin: Caller) -> None:
    assert len(admin.get("/v1/users").json()["items"]) == 50


@pytest.mark.usefixtures("thousand")
def test_a_cursor_stays_where_it_is(service: Service, admin: Caller) -> None:
    first = admin.get("/v1/users", params={"limit": 3}).json()
    second = admin.get("/v1/users", params={"limit": 1, "cursor": first["next_cursor"]}).json()

    service.create()

    again = admin.get("/v1/users", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert not set(ids(first["items"])) & set(ids(again["items"]))
    # The same user, unless another test has just deleted them.
    user = second["items"][0]
    assert again["items"] == second["items"] or admin.get(f"/v1/users/{user['id']}").status_code == 404


@pytest.mark.parametrize(
    "limit", ["0", "-1", "101", "99999999999999999999", "x", "", "1.5", "ten", "0x10", "null", "\x00"]
)
def test_bad_limit(admin: Caller, limit: str) -> None:
    assert wrong_fields(admin.get("/v1/users", params={"limit": limit})) == {("query", "limit")}


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "a b",
        "abc",
        "-",
        "_",
        "null",
        "0",
        "x" * 200,
        "x" * 201,
        "ä",
        "a=",
        "a/b",
        "\x00",
        "../..",
        "W10",
        "e30",
        "bnVsbA",
    ],
)
def test_bad_cursor(admin: Caller, cursor: str) -> None:
    assert wrong_fields(admin.get("/v1/users", params={"cursor": cursor})) == {("query", "cursor")}


def test_everything_that_is_wrong_is_named(admin: Caller) -> None:
    answer = admin.get("/v1/users", params={"cursor": "!", "limit": "0"})

    assert wrong_fields(answer) == {("query", "cursor"), ("query", "limit")}


FORGED = [
    "[1, 2]",
    "[null, null]",
    "[1e400, 1]",
    "[-1e18, 1]",
    "[NaN, 1]",
    f"[{'9' * 30}, 1]",
    f"[{'9' * 100}, 1]",
    '["2026-01-01T00:00:00Z", "\\u0000"]',
    "[0, {}]",
    "[true, true]",
    '{"id": {"$gt": ""}}',
    "' OR 1=1 --",
    "[" * 140,
]


def test_forged_cursors_break_nothing(admin: Caller) -> None:
    """`client.py` lets no answer above 499 pass, nor any that is not in the contract."""
    for text in FORGED:
        cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        answer = admin.get("/v1/users", params={"cursor": cursor})
        assert answer.status_code in {200, 422}, text


def test_tampered_cursors_break_nothing(service: Service, admin: Caller) -> None:
    service.create()
    cursor = str(admin.get("/v1/users", params={"limit": 1}).json()["next_cursor"])

    for position in range(len(cursor)):
        for other in ("", "A", "_"):
            tampered = cursor[:position] + other + cursor[position + 1 :]
            answer = admin.get("/v1/users", params={"limit": 1, "cursor": tampered})
            assert answer.status_code in {200, 422}, tampered
