from dataclasses import replace

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from service.api.rest.middleware import LARGEST_BODY
from service.domain import errors
from service.domain.errors import ServiceError, Unavailable
from service.platform.problem_details import PROBLEM_TYPES
from tests.people import PASSWORD, Person


class Broken:
    """Use cases that fail whatever they are asked for."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> object:
        raise self._error


def assert_problem(response: Response, status: int, name: str) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "request_id"}
    assert ("errors" in body) == (status == 422)
    assert (body["type"], body["status"]) == (f"urn:problem-type:{name}", status)
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == response.headers["x-request-id"]


async def test_paths_and_methods_that_are_unknown(anyone: AsyncClient) -> None:
    assert_problem(await anyone.get("/nowhere"), 404, "not-found")
    assert_problem(await anyone.get("/v1/users/"), 404, "not-found")
    for method, path, allowed in (
        ("PUT", "/v1/users", {"GET", "POST"}),
        ("POST", "/v1/users/some-id", {"DELETE", "GET", "PATCH"}),
        ("GET", "/v1/auth/token", {"POST"}),
        ("DELETE", "/v1/users/me", {"GET"}),
        ("POST", "/openapi.json", {"GET", "HEAD"}),
        ("DELETE", "/docs", {"GET", "HEAD"}),
    ):
        response = await anyone.request(method, path)
        assert_problem(response, 405, "method-not-allowed")
        assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nonsense", b"\xff\xfe{}", b'{"refresh_token": "\xff"}', b"[" * 50_000, b"1" * 5000, b"NaN"]
)
async def test_a_body_that_is_no_json(anyone: AsyncClient, body: bytes) -> None:
    response = await anyone.post("/v1/auth/refresh", content=body, headers={"Content-Type": "application/json"})

    assert_problem(response, 422, "validation")
    assert [(each["in"], each["field"]) for each in response.json()["errors"]] == [("body", "")]


async def test_json_that_is_not_called_so(anyone: AsyncClient) -> None:
    response = await anyone.post("/v1/auth/refresh", content=b'{"refresh_token": "a.b"}')

    assert_problem(response, 422, "validation")


@pytest.mark.parametrize("media_type", ["multipart/form-data", "multipart/form-data; boundary=x"])
async def test_a_form_that_cannot_be_read(anyone: AsyncClient, media_type: str) -> None:
    response = await anyone.post("/v1/auth/token", content=b"nonsense", headers={"Content-Type": media_type})

    assert_problem(response, 422, "validation")
    assert [(each["in"], each["field"]) for each in response.json()["errors"]] == [("form", "")]


async def test_texts_that_are_no_unicode(anyone: AsyncClient) -> None:
    json = {"Content-Type": "application/json"}
    for body in (b'{"refresh_token": "\\ud800"}', b'{"\\ud800": ""}'):
        assert_problem(await anyone.post("/v1/auth/refresh", content=body, headers=json), 422, "validation")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"username=\xff&password=\xff", b"username=%ff%00&password=%00"):
        assert_problem(await anyone.post("/v1/auth/token", content=body, headers=form), 401, "wrong-credentials")


@pytest.mark.parametrize("path", ["/v1/auth/token", "/v1/auth/refresh"])
async def test_a_body_that_is_too_large(anyone: AsyncClient, path: str) -> None:
    media_type = "application/json" if path.endswith("refresh") else "application/x-www-form-urlencoded"
    headers = {"Content-Type": media_type}
    largest = await anyone.post(path, content=b"x" * LARGEST_BODY, headers=headers)
    larger = await anyone.post(path, content=b"x" * (LARGEST_BODY + 1), headers=headers)

    assert_problem(largest, 422, "validation")
    assert_problem(larger, 413, "too-large")


async def test_patterns_are_told_in_words(admin: Person) -> None:
    response = await admin.http.post("/v1/users", json={"email": "no", "name": "\t", "password": PASSWORD})

    assert_problem(response, 422, "validation")
    assert {each["field"]: each["detail"] for each in response.json()["errors"]} == {
        "email": "is not an e-mail address",
        "name": "is blank, or has control characters in it",
    }


async def test_everything_that_is_wrong_is_told_at_once(admin: Person) -> None:
    response = await admin.http.post(
        "/v1/users?x=1", json={"email": "no", "extra": 1}, headers={"Idempotency-Key": "a b"}
    )

    assert_problem(response, 422, "validation")
    assert {(each["in"], each["field"]) for each in response.json()["errors"]} == {
        ("header", "Idempotency-Key"),
        ("body", "email"),
        ("body", "name"),
        ("body", "password"),
        ("body", "extra"),
    }
    for each in response.json()["errors"]:
        assert each["detail"]
        assert f"{each['field']} {each['detail']}" in response.json()["detail"]


async def test_a_bug_is_answered_without_its_details(app: FastAPI, ann: Person) -> None:
    app.state.service = replace(app.state.service, users=Broken(RuntimeError("SELECT secret FROM table")))

    response = await ann.http.get(ann.path)

    assert_problem(response, 500, "internal")
    assert "secret" not in response.text


async def test_what_is_unavailable_is_so_for_a_moment(app: FastAPI, ann: Person) -> None:
    app.state.service = replace(app.state.service, users=Broken(Unavailable("The database does not answer.")))

    response = await ann.http.get(ann.path)

    assert_problem(response, 503, "unavailable")
    assert response.headers["retry-after"] == "1"


def test_every_error_of_the_domain_has_an_answer() -> None:
    kinds = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ServiceError)}

    assert set(PROBLEM_TYPES) == kinds - {ServiceError}
