"""What has been written to a service, and so what its activity log has to say; no more, no less."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from tests.contract.events import Message, foreign_event, message

type Entry = tuple[str, str | None, str | None]
"""The type of an event, whom it is about, and who did it."""

THREADS = 6
OF_A_PERSON = 5
"""How many events there are about one person."""

PASSWORD = "a long enough password"


@dataclass
class Ledger:
    expected: Counter[Entry] = field(default_factory=Counter)
    possible: Counter[Entry] = field(default_factory=Counter)
    """What was under way when the service was killed, and has left nothing behind to tell whether it was done."""

    def add(self, event_type: str, user_id: str | None, by: str | None) -> None:
        self.expected[event_type, user_id, by] += 1

    def foreign(self, number: int) -> list[Message]:
        """So many events of another service, ten about each user, which the log has to hold then."""
        types = ["user.created", *["user.updated"] * 8, "user.deleted"]
        user_ids = [f"foreign-{uuid.uuid4().hex}" for _ in range(0, number, len(types))]
        events = [foreign_event(event_type, user_id) for user_id in user_ids for event_type in types][:number]
        for event in events:
            self.add(event["type"], event["data"]["user_id"], event["data"]["by"])
        return [message(event) for event in events]


@dataclass(frozen=True)
class Doubt:
    """A request whose answer never came."""

    step: str
    email: str
    user_id: str = ""


class Writer:
    """Creates people, changes them, lets them sign in, deletes them, from several threads."""

    def __init__(self, url: str, token: str, by: str, ledger: Ledger, *, may_break: bool = False) -> None:
        self._by = by
        self._ledger = ledger
        self._may_break = may_break
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._numbers = count()
        self._headers = {"Authorization": f"Bearer {token}"}
        self._url = url
        self.doubts: list[Doubt] = []
        self.written = 0

    def write(self, events: int, seconds: float = 0) -> None:
        """So many events, in no less than this time."""
        people = events // OF_A_PERSON
        started = time.monotonic()

        def work(http: httpx.Client) -> None:
            while (number := next(self._numbers)) < people and not self._over.is_set():
                self._person(http)
                ahead = started + seconds * (number + 1) / people - time.monotonic()
                if ahead > 0:
                    self._over.wait(ahead)

        limits = httpx.Limits(max_connections=THREADS)
        with (
            httpx.Client(base_url=self._url, headers=self._headers, timeout=30, limits=limits) as http,
            ThreadPoolExecutor(THREADS) as threads,
        ):
            for working in [threads.submit(work, http) for _ in range(THREADS)]:
                working.result()

    @contextmanager
    def writing(self, events: int, seconds: float = 0) -> Generator[Future[None]]:
        """The same beside what the block does; ends when both have."""
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(self.write, events, seconds)
            try:
                yield running
            except BaseException:
                self._over.set()
                raise
            running.result()

    def _person(self, http: httpx.Client) -> None:
        email = f"{uuid.uuid4().hex}@example.org"
        user_id = ""
        step = "create"
        try:
            body = {"email": email, "name": "Ann", "password": PASSWORD}
            user_id = _expect(201, http.post("/v1/users", json=body)).json()["id"]
            self._wrote("user.created", user_id, self._by)
            step = "update"
            _expect(200, http.patch(f"/v1/users/{user_id}", json={"name": "Bea"}))
            self._wrote("user.updated", user_id, self._by)
            step = "sign in"
            _expect(200, http.post("/v1/auth/token", data={"username": email, "password": PASSWORD}))
            self._wrote("session.started", user_id, user_id)
            step = "be refused"
            _expect(401, http.post("/v1/auth/token", data={"username": email, "password": "wrong"}))
            self._wrote("session.refused", user_id, None)
            step = "delete"
            _expect(204, http.delete(f"/v1/users/{user_id}"))
            self._wrote("user.deleted", user_id, self._by)
        except httpx.TransportError:
            if not self._may_break:
                raise
            self._over.set()
            with self._lock:
                self.doubts.append(Doubt(step, email, user_id))

    def _wrote(self, event_type: str, user_id: str, by: str | None) -> None:
        with self._lock:
            self._ledger.add(event_type, user_id, by)
            self.written += 1

    def resolve(self, http: httpx.Client) -> None:
        """Finds out what has become of requests without an answer."""
        for doubt in self.doubts:
            found = next((user for user in _users(http) if user["email"] == doubt.email), None)
            match doubt.step:
                case "create" if found:
                    self._wrote("user.created", found["id"], self._by)
                case "update" if found and found["name"] == "Bea":
                    self._wrote("user.updated", doubt.user_id, self._by)
                case "delete" if not found:
                    self._wrote("user.deleted", doubt.user_id, self._by)
                case "sign in":
                    self._ledger.possible["session.started", doubt.user_id, doubt.user_id] += 1
                case "be refused":
                    self._ledger.possible["session.refused", doubt.user_id, None] += 1
                case _:
                    pass


def _users(http: httpx.Client) -> list[dict[str, Any]]:
    return read(lambda cursor: http.get("/v1/users", params={"limit": 100, **cursor}))


def read(get: Callable[[dict[str, str]], httpx.Response]) -> list[dict[str, Any]]:
    """A list, page by page."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = _expect(200, get(cursor)).json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


def _expect(status: int, response: httpx.Response) -> httpx.Response:
    assert response.status_code == status, f"{response.status_code} instead of {status}: {response.text}"
    return response
