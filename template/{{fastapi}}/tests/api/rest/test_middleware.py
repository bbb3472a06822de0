from collections.abc import AsyncIterator
from re import fullmatch

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from httpx import AsyncClient
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from service.platform.metrics import Metrics
from tests.people import PASSWORD, Person


@pytest.mark.parametrize("given", ["a", "x" * 128, "9f.1_b-C"])
async def test_a_request_id_of_the_caller_comes_back(anyone: AsyncClient, given: str) -> None:
    response = await anyone.get("/livez", headers={"X-Request-ID": given})

    assert response.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb", "\xe9", "<script>"])
async def test_another_one_is_made_where_there_is_none_to_trust(anyone: AsyncClient, given: str) -> None:
    headers = {b"X-Request-ID": given.encode("latin-1")}
    ids = {(await anyone.get("/livez", headers=headers)).headers["x-request-id"] for _ in range(2)}

    assert len(ids) == 2
    assert all(fullmatch("[0-9a-f]{32}", each) for each in ids)


async def test_each_request_is_logged_with_its_id_and_without_its_query(ann: Person) -> None:
    with capture_logs([merge_contextvars]) as lines:
        await ann.http.get(f"{ann.path}?token=secret", headers={"X-Request-ID": "this-one"})
        await ann.http.get("/livez")

    request, probe = (line for line in lines if line["event"] == "request")  # A statement may be slow.
    assert request["duration_ms"] > 0
    assert {**request, "duration_ms": 0} == {
        "event": "request",
        "log_level": "info",
        "request_id": "this-one",
        "method": "GET",
        "path": ann.path,
        "status": 200,
        "duration_ms": 0,
    }
    assert (probe["path"], probe["log_level"]) == ("/livez", "debug")


async def test_nothing_secret_is_logged(anyone: AsyncClient, ann: Person) -> None:
    with capture_logs() as lines:
        await anyone.post("/v1/auth/token", data={"username": ann.user.email, "password": PASSWORD})
        await anyone.post("/v1/auth/token", data={"username": ann.user.email, "password": "not the password"})
        await anyone.post("/v1/auth/refresh", json={"refresh_token": ann.tokens.refresh_token})
        await anyone.post("/v1/auth/refresh", json={"refresh_token": ann.tokens.refresh_token})
        await ann.http.patch(ann.path, json={"password": PASSWORD, "current_password": PASSWORD})

    assert [line["reason"] for line in lines if line["event"] == "session ended"] == ["a refresh token was used twice"]
    for secret in (PASSWORD, "not the password", ann.tokens.access_token, *ann.tokens.refresh_token.split(".")):
        assert secret not in str(lines)


async def test_an_answer_that_breaks_off_is_not_answered_twice(
    app: FastAPI, anyone: AsyncClient, metrics: Metrics
) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield b"half of the"
        raise RuntimeError("in the middle of the answer")

    @app.get("/breaks")
    def breaks() -> StreamingResponse:
        return StreamingResponse(half())

    with capture_logs() as lines, pytest.raises(RuntimeError, match="in the middle"):
        await anyone.get("/breaks")

    assert [line["event"] for line in lines] == ["unhandled error", "request"]
    labels = {"method": "GET", "route": "/breaks", "status": "200"}
    assert metrics.registry.get_sample_value("http_requests_total", labels) == 1
