"""What Django's own handler does otherwise: bodies, threads, and what is sent in parts."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connections
from django.http import StreamingHttpResponse

from config.asgi import application
from tests.calling import calling
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

CHUNK = b"x" * 64 * 1024
MANY = 1000


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/v1/auth/refresh", "application/json"), ("/v1/auth/token", "application/x-www-form-urlencoded")],
)
async def test_no_more_is_read_of_a_body_than_it_may_have(path: str, kind: str) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(MANY):
            sent += len(CHUNK)
            yield CHUNK

    async with calling() as http:
        answer = await http.post(path, content=chunks(), headers={"Content-Type": kind})

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:problem-type:too-large")
    assert sent <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 2 * len(CHUNK)


async def test_a_body_may_come_in_chunks(anyone: object) -> None:
    del anyone

    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"refresh_token": '
        yield b'"unknown.secret"}'

    async with calling() as http:
        answer = await http.post("/v1/auth/refresh", content=chunks(), headers={"Content-Type": "application/json"})

    assert answer.status_code == 401


async def test_whoever_goes_away_before_the_end_of_a_request_gets_no_answer() -> None:
    sent: list[object] = []
    messages: Iterator[dict[str, object]] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, object]:
        return next(messages)

    async def send(message: object) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/auth/refresh", "headers": [], "query_string": b""}
    await application(scope, receive, send)

    assert sent == []


async def test_machines_are_answered_when_nobody_else_is(monkeypatch: pytest.MonkeyPatch, ann: Person) -> None:
    end = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        monkeypatch.setattr(application, "_threads", threads)
        threads.submit(end.wait)
        async with calling() as http:
            token = {"Authorization": f"Bearer {ann.tokens.access_token}"}
            waiting = asyncio.create_task(http.get("/v1/users/me", headers=token))
            for path in ("/livez", "/readyz", "/metrics"):
                assert (await http.get(path)).status_code == 200
            assert not waiting.done()
            end.set()
            assert (await waiting).status_code == 200
        threads.submit(connections.close_all)


async def test_parts_are_sent_as_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[bytes | None] = []

    def parts() -> Iterator[bytes]:
        for part in (b"one", b"two"):
            assert threading.current_thread() is not threading.main_thread()
            done.append(part)
            yield part

    async def send(message: Mapping[str, object]) -> None:
        if message.get("body"):
            done.append(None)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    monkeypatch.setattr(application, "get_response", lambda _request: StreamingHttpResponse(parts()))
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    await application(scope, receive, send)

    assert done == [b"one", None, b"two", None]
