"""The client of the contract suite: it lets right answers pass, and sees what is wrong with others."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from tests.contract.client import Caller, Contract, canonical_document, problem, wrong_fields

ID = "request-1"
HEADERS = {"X-Request-ID": ID, "Content-Type": "application/json"}
PROBLEM_HEADERS = HEADERS | {"Content-Type": "application/problem+json"}
USER = {
    "id": "1",
    "email": "ann@example.org",
    "name": "Ann",
    "role": "user",
    "created_at": "2026-11-24T10:11:12.345Z",
}
NOT_FOUND = {
    "type": "urn:problem-type:not-found",
    "title": "Not found",
    "status": 404,
    "detail": "There is no such user.",
    "request_id": ID,
}
INVALID = {
    "type": "urn:problem-type:validation",
    "title": "Not valid",
    "status": 422,
    "detail": "limit: is too large",
    "request_id": ID,
    "errors": [{"in": "query", "field": "limit", "detail": "is too large"}],
}
UNAUTHORIZED = NOT_FOUND | {"type": "urn:problem-type:invalid-token", "title": "Token", "status": 401}


def answer(status: int, body: object = None, headers: Mapping[str, str] = HEADERS) -> httpx.Response:
    content = b"" if body is None else json.dumps(body).encode()
    return httpx.Response(status, content=content, headers=headers)


def call(method: str, path: str, response: httpx.Response, **options: Any) -> httpx.Response:  # noqa: ANN401
    with httpx.Client(base_url="http://service", transport=httpx.MockTransport(lambda _: response)) as http:
        return Caller(http, Contract(canonical_document())).request(method, path, **options)


def changed(body: Mapping[str, object], *without: str, **fields: object) -> dict[str, object]:
    return {name: value for name, value in body.items() if name not in without} | fields


WITH_ETAG = HEADERS | {"ETag": '"1"'}
CREATED = WITH_ETAG | {"Location": "/v1/users/1"}
ALLOW = PROBLEM_HEADERS | {"Allow": "GET, POST"}
WRONG_PROBLEMS: dict[str, dict[str, object]] = {
    "another status in the problem": {"status": 403},
    "another request id": {"request_id": "request-2"},
    "a type of its own": {"type": "about:blank"},
    "no type": {"type": "not-found"},
    "an empty title": {"title": ""},
    "an empty detail": {"detail": " "},
    "errors where none belong": {"errors": []},
    "a stack trace": {"detail": "Traceback (most recent call last)"},
    "an unknown member": {"stack": "main.go"},
}
NO_METHOD = NOT_FOUND | {"type": "urn:problem-type:method-not-allowed", "status": 405}


@pytest.mark.parametrize(
    ("method", "path", "response"),
    [
        ("GET", "/livez", answer(200, {"status": "ok"})),
        ("GET", "/livez", answer(200, {"status": "ok"}, HEADERS | {"Content-Type": "Application/JSON; charset=utf-8"})),
        ("GET", "/readyz", answer(503, {"status": "unavailable", "dependencies": {}})),
        ("GET", "/metrics", httpx.Response(200, text="up 1\n", headers={"X-Request-ID": ID})),
        ("GET", "/docs", httpx.Response(200, html="<html>", headers={"X-Request-ID": ID})),
        ("GET", "/openapi.json", answer(200, {})),
        ("GET", "/v1/users/1", answer(200, USER, WITH_ETAG)),
        ("GET", "/v1/users/me", answer(200, USER, WITH_ETAG)),
        ("POST", "/v1/users", answer(201, USER, CREATED)),
        ("DELETE", "/v1/users/1", answer(204, None, {"X-Request-ID": ID})),
        ("GET", "/v1/users/1", answer(404, NOT_FOUND, PROBLEM_HEADERS)),
        ("GET", "/v1/users", answer(422, INVALID, PROBLEM_HEADERS)),
        ("GET", "/v1/users", answer(401, UNAUTHORIZED, PROBLEM_HEADERS | {"WWW-Authenticate": "Bearer"})),
        ("GET", "/nowhere", answer(404, NOT_FOUND, PROBLEM_HEADERS)),
        ("DELETE", "/v1/users", answer(405, NO_METHOD, ALLOW)),
        ("DELETE", "/v1/users", answer(405, NO_METHOD, ALLOW | {"Allow": "POST, GET, HEAD, OPTIONS"})),
    ],
)
def test_right_answers_pass(method: str, path: str, response: httpx.Response) -> None:
    assert call(method, path, response) is response


@pytest.mark.parametrize(
    ("method", "path", "response"),
    [
        pytest.param("GET", "/livez", answer(200, {"status": "ok"}, {"Content-Type": "application/json"}), id="no id"),
        pytest.param("GET", "/livez", answer(200, {"status": "ok"}, HEADERS | {"X-Request-ID": "a b"}), id="bad id"),
        pytest.param("GET", "/livez", answer(200, {"status": "fine"}), id="another body"),
        pytest.param("GET", "/livez", answer(200, {"status": "ok", "at": 1}), id="another field"),
        pytest.param("GET", "/livez", answer(200, {"status": "ok"}, PROBLEM_HEADERS), id="another media type"),
        pytest.param("GET", "/livez", answer(201, {"status": "ok"}), id="another status"),
        pytest.param("GET", "/livez", answer(500, NOT_FOUND | {"status": 500}, PROBLEM_HEADERS), id="a bug"),
        pytest.param("GET", "/v1/users/1", answer(200, USER), id="no ETag"),
        pytest.param("GET", "/v1/users/1", answer(200, USER, HEADERS | {"ETag": "1"}), id="no quotes"),
        pytest.param("GET", "/v1/users/1", answer(200, USER, HEADERS | {"ETag": 'W/"1"'}), id="a weak ETag"),
        pytest.param("POST", "/v1/users", answer(201, USER, WITH_ETAG), id="no Location"),
        pytest.param("GET", "/v1/users/1", answer(200, changed(USER, "name"), WITH_ETAG), id="a field too few"),
        pytest.param("GET", "/v1/users/1", answer(200, changed(USER, password="x"), WITH_ETAG), id="a field too many"),
        pytest.param("GET", "/v1/users/1", answer(200, changed(USER, id=1), WITH_ETAG), id="a number for a string"),
        pytest.param(
            "GET", "/v1/users/1", answer(200, changed(USER, created_at="2026-11-24T10:11:12"), WITH_ETAG), id="no zone"
        ),
        pytest.param(
            "GET",
            "/v1/users/1",
            answer(200, changed(USER, created_at="2026-11-24T10:11:12+00:00"), WITH_ETAG),
            id="UTC without a Z",
        ),
        pytest.param(
            "GET", "/v1/users/1", answer(200, changed(USER, created_at="2026-13-24T10:11:12Z"), WITH_ETAG), id="no date"
        ),
        pytest.param("DELETE", "/v1/users/1", answer(204, {}), id="a body where none belongs"),
        pytest.param("GET", "/v1/users/1", answer(404, NOT_FOUND), id="a problem as JSON"),
        pytest.param("GET", "/v1/users/1", answer(404, {"detail": "?"}, PROBLEM_HEADERS), id="another form of errors"),
        *(
            pytest.param("GET", "/v1/users/1", answer(404, NOT_FOUND | fields, PROBLEM_HEADERS), id=name)
            for name, fields in WRONG_PROBLEMS.items()
        ),
        pytest.param("GET", "/v1/users", answer(422, changed(INVALID, "errors"), PROBLEM_HEADERS), id="no errors"),
        pytest.param("GET", "/v1/users", answer(422, changed(INVALID, errors=[]), PROBLEM_HEADERS), id="empty errors"),
        pytest.param(
            "GET",
            "/v1/users",
            answer(422, changed(INVALID, errors=[{"in": "url", "field": "limit", "detail": "?"}]), PROBLEM_HEADERS),
            id="an unknown place",
        ),
        pytest.param("GET", "/v1/users", answer(401, UNAUTHORIZED, PROBLEM_HEADERS), id="no WWW-Authenticate"),
        pytest.param(
            "GET",
            "/v1/users",
            answer(401, UNAUTHORIZED, PROBLEM_HEADERS | {"WWW-Authenticate": "Basic"}),
            id="another scheme",
        ),
        pytest.param("GET", "/nowhere", answer(200, {}), id="a path that is not there"),
        pytest.param("GET", "/nowhere", answer(404, {"detail": "Not Found"}), id="another form of 404"),
        pytest.param("GET", "/docs", answer(200, {}), id="docs in JSON"),
        pytest.param("POST", "/livez", answer(200, {"status": "ok"}), id="a method that is not there"),
        pytest.param("DELETE", "/v1/users", answer(404, NOT_FOUND, PROBLEM_HEADERS), id="404 for a method"),
        pytest.param("DELETE", "/v1/users/me", answer(204), id="not a user called me"),
        pytest.param("DELETE", "/v1/users", answer(405, NO_METHOD, PROBLEM_HEADERS), id="no Allow"),
        pytest.param("DELETE", "/v1/users", answer(405, NO_METHOD, ALLOW | {"Allow": "GET"}), id="half of Allow"),
        pytest.param("DELETE", "/v1/users", answer(405, NO_METHOD, ALLOW | {"Allow": "GET, POST, PUT"}), id="PUT"),
    ],
)
def test_wrong_answers_do_not_pass(method: str, path: str, response: httpx.Response) -> None:
    with pytest.raises(AssertionError):
        call(method, path, response)


@pytest.mark.parametrize(
    "options", [{"json": {"password": "a-long-password"}}, {"data": {"password": "a-long-password"}}]
)
def test_passwords_are_not_answered(options: dict[str, object]) -> None:
    told = changed(INVALID, detail="a-long-password is not good")

    with pytest.raises(AssertionError, match="a password is answered"):
        call("POST", "/v1/auth/token", answer(422, told, PROBLEM_HEADERS), **options)


def test_a_type_keeps_its_title() -> None:
    titles = iter(["Not found", "Not found", "Nothing here"])

    def respond(_: httpx.Request) -> httpx.Response:
        return answer(404, changed(NOT_FOUND, title=next(titles)), PROBLEM_HEADERS)

    with httpx.Client(base_url="http://service", transport=httpx.MockTransport(respond)) as http:
        caller = Caller(http, Contract(canonical_document()))
        caller.get("/v1/users/1")
        caller.get("/v1/users/2")
        with pytest.raises(AssertionError, match="another title before"):
            caller.get("/v1/users/3")


@pytest.mark.parametrize(
    "check",
    [
        lambda: problem(answer(404, NOT_FOUND), 404, "not-found"),
        lambda: wrong_fields(answer(422, INVALID)) == {("query", "limit")},
    ],
)
def test_what_an_answer_says(check: Callable[[], object]) -> None:
    assert check()


@pytest.mark.parametrize(
    "check",
    [
        lambda: problem(answer(404, NOT_FOUND), 403, "not-found"),
        lambda: problem(answer(404, NOT_FOUND), 404, "forbidden"),
        lambda: problem(answer(200, USER), 404, "not-found"),
        lambda: wrong_fields(answer(422, changed(INVALID, type="urn:problem-type:key-reused"))),
    ],
)
def test_what_an_answer_does_not_say(check: Callable[[], object]) -> None:
    with pytest.raises(AssertionError):
        check()


def test_at_once_is_at_the_same_time() -> None:
    under_way: list[int] = []

    def call(number: int) -> int:
        under_way.append(number)
        while len(under_way) < 20:
            pass
        return number

    live = httpx.MockTransport(lambda _: answer(200, {"status": "ok"}))
    with httpx.Client(base_url="http://service", transport=live) as http:
        assert Caller(http, Contract(canonical_document())).at_once(20, call) == list(range(20))
