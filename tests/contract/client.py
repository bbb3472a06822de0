"""Calls a service, and holds each of its answers to the contract: every request of the suite is such a check."""

import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .documents import Json, Node, resolve

CANONICAL = Path(__file__).parents[2] / "template" / "{{shared}}" / "contract" / "openapi.yaml"

PROBLEM = "application/problem+json"
PROBLEM_TYPE = re.compile(r"urn:problem-type:[a-z]+(-[a-z]+)*")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
ENTITY_TAG = re.compile(r'"[\x21\x23-\x7e]*"')
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

# In the table of the contract, but not in the document, which does not describe itself.
UNDESCRIBED = {"/openapi.json": "application/json", "/docs": "text/html"}

type Role = Literal["user", "admin"]


@cache
def canonical_document() -> Node:
    """The contract. Copy it before you change it."""
    document: Node = yaml.safe_load(CANONICAL.read_text())
    return document


class Contract:
    """The contract, as something that answers can be held to."""

    def __init__(self, document: Node) -> None:
        self._document = document
        self._registry = Registry().with_resource("urn:contract", DRAFT202012.create_resource(document))
        # `/v1/users/me` comes before `/v1/users/{user_id}`.
        self._paths = sorted(document["paths"], key=lambda path: path.count("{"))
        self._titles: dict[str, str] = {}

    def check(self, response: httpx.Response) -> None:
        """Fails unless the contract allows this answer to its request."""
        request_id = response.headers.get("X-Request-ID", "")
        assert REQUEST_ID.fullmatch(request_id), f"X-Request-ID: {request_id!r}"
        assert response.status_code < 500 or response.status_code == 503, f"{response.status_code}: {response.text}"

        self._check_status_and_body(response)
        if response.is_error and media_type(response) == PROBLEM:
            self._check_problem(response)
        if response.status_code == 401:
            assert re.match("Bearer( |$)", response.headers["WWW-Authenticate"]), response.headers
        if "ETag" in response.headers:
            assert ENTITY_TAG.fullmatch(response.headers["ETag"]), response.headers["ETag"]
        _check_that_passwords_stay_secret(response)

    def methods(self, path: str) -> list[str]:
        """The methods that a path has; none if there is no such path."""
        template = self._template(path)
        return [method.upper() for method in self._document["paths"].get(template, ()) if method != "parameters"]

    def _template(self, path: str) -> str | None:
        for template in self._paths:
            if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), path):
                return template
        return None

    def _check_status_and_body(self, response: httpx.Response) -> None:
        request = response.request
        path = request.url.raw_path.decode().partition("?")[0]
        status = str(response.status_code)
        template = self._template(path)
        if request.method not in self.methods(path):
            if response.is_success and request.method == "GET":
                assert media_type(response) == UNDESCRIBED.get(path), f"{path} is not in the contract"
                return
            assert template or status == "404", f"there is no {path}, which was answered with {status}"
            assert not template or status == "405", f"{path} has no {request.method}, which was answered with {status}"
            assert media_type(response) == PROBLEM
            self._check_schema(response, "/components/schemas/Problem")
            if status == "405":
                allowed = {method.strip() for method in response.headers.get("Allow", "").split(",")}
                # HTTP has these two by itself.
                assert allowed - {"HEAD", "OPTIONS"} == set(self.methods(path)), f"Allow: {sorted(allowed)}"
            return

        operation = f"/paths/{_escape(template or '')}/{request.method.lower()}"
        responses = self._at(f"{operation}/responses")
        assert status in responses, f"{request.method} {path} must not answer {status}: {response.text}"
        pointer = f"{operation}/responses/{status}"
        if "$ref" in responses[status]:
            pointer = responses[status]["$ref"].removeprefix("#")
        documented = self._at(pointer)

        for name, header in documented.get("headers", {}).items():
            assert name in response.headers or not self._dereferenced(header).get("required"), f"{name} is missing"
        content = documented.get("content", {})
        if not content:
            assert response.content == b"", f"a body where none belongs: {response.text}"
            return
        assert media_type(response) in content, f"Content-Type: {response.headers.get('Content-Type')}"
        self._check_schema(response, f"{pointer}/content/{_escape(media_type(response))}/schema")

    def _check_schema(self, response: httpx.Response, pointer: str) -> None:
        answer = response.json() if media_type(response).endswith("json") else response.text
        schema = {"$ref": f"urn:contract#{pointer}"}
        validator = Draft202012Validator(schema, registry=self._registry, format_checker=FORMATS)
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer)]
        assert not errors, f"{errors} in {response.text}"

    def _check_problem(self, response: httpx.Response) -> None:
        problem = response.json()
        assert PROBLEM_TYPE.fullmatch(problem["type"]), problem
        assert problem["status"] == response.status_code
        assert problem["request_id"] == response.headers["X-Request-ID"]
        assert problem["title"].strip(), problem
        assert problem["detail"].strip(), problem
        assert problem["title"] == self._titles.setdefault(problem["type"], problem["title"]), "another title before"
        assert ("errors" in problem) == (response.status_code == 422), problem
        assert problem["type"] != "urn:problem-type:validation" or problem["errors"], problem
        for error in problem.get("errors", []):
            assert error["detail"].strip(), problem
        assert "Traceback" not in response.text

    def _at(self, pointer: str) -> Json:
        return resolve(self._document, f"#{pointer}")

    def _dereferenced(self, node: Node) -> Node:
        return resolve(self._document, node["$ref"]) if "$ref" in node else node


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_utc_time(value: object) -> bool:
    return isinstance(value, str) and bool(UTC_TIME.fullmatch(value) and datetime.fromisoformat(value).tzinfo == UTC)


@FORMATS.checks("uri", raises=ValueError)
def _is_uri(value: object) -> bool:
    return isinstance(value, str) and bool(urlsplit(value).scheme)


def media_type(response: httpx.Response) -> str:
    """Without its parameters; empty where there is none."""
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


# Passwords in the way that forms and JSON have them, long enough not to be found in an answer by chance.
SECRET = re.compile(rb'password(?:"\s*:\s*"|=)([A-Za-z0-9-]{12,})')


def _check_that_passwords_stay_secret(response: httpx.Response) -> None:
    for secret in SECRET.findall(response.request.content):
        assert secret not in response.content, f"a password is answered: {response.text}"


# ---------------------------------------------------------------------------------------------- what an answer says


def problem(response: httpx.Response, status: HTTPStatus | int, name: str) -> Node:
    """The problem that this must be; `name` is its type without the prefix."""
    assert response.status_code == status, f"{response.status_code} instead of {status}: {response.text}"
    answer: Node = response.json()
    assert answer["type"] == f"urn:problem-type:{name}"
    return answer


def wrong_fields(response: httpx.Response) -> set[tuple[str, str]]:
    """Where and what the fields are that a validation problem names."""
    return {(error["in"], error["field"]) for error in problem(response, 422, "validation")["errors"]}


# ---------------------------------------------------------------------------------------------- who calls


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls the service: with an access token, or without."""

    http: httpx.Client
    contract: Contract
    access_token: str | None = None

    def request(self, method: str, path: str, **options: Json) -> httpx.Response:
        """Calls, and holds the answer to the contract."""
        headers = httpx.Headers(options.pop("headers", None))
        if self.access_token is not None:
            headers.setdefault("Authorization", f"Bearer {self.access_token}")
        response = self.http.request(method, path, headers=headers, **options)
        response.request.read()
        self.contract.check(response)
        return response

    def get(self, path: str, **options: Json) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Json) -> httpx.Response:
        return self.request("POST", path, **options)

    def patch(self, path: str, **options: Json) -> httpx.Response:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Json) -> httpx.Response:
        return self.request("DELETE", path, **options)

    def at_once[Answer](self, times: int, call: Callable[[int], Answer]) -> list[Answer]:
        """Calls so many times, each in its own thread, all of which start at the same moment."""
        start = threading.Barrier(times)

        def run(number: int) -> Answer:
            start.wait(timeout=30)
            self.get("/livez")  # Opens as many connections, so that nobody loses the race by having none yet.
            start.wait(timeout=30)
            return call(number)

        with ThreadPoolExecutor(times) as threads:
            return list(threads.map(run, range(times)))

    def with_token(self, access_token: str) -> "Caller":
        return Caller(self.http, self.contract, access_token)


@dataclass(frozen=True, slots=True)
class Session:
    """A user who has signed in."""

    caller: Caller
    refresh_token: str

    @property
    def access_token(self) -> str:
        assert self.caller.access_token is not None
        return self.caller.access_token


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the service, with what it takes to sign in."""

    id: str
    email: str
    name: str
    password: str
    role: str
    created_at: str
    version: str
    """The first ETag."""
    service: "Service" = field(repr=False)

    @property
    def path(self) -> str:
        return f"/v1/users/{self.id}"

    def sign_in(self) -> Session:
        return self.service.sign_in(self.email, self.password)


@dataclass(frozen=True, slots=True)
class Service:
    """The service at a URL, as its admin knows it."""

    anyone: Caller
    admin: Caller

    @classmethod
    def at(cls, http: httpx.Client, contract: Contract, email: str, password: str) -> "Service":
        anyone = Caller(http, contract)
        return cls(anyone, cls(anyone, anyone).sign_in(email, password).caller)

    def try_to_sign_in(self, email: str, password: str) -> httpx.Response:
        return self.anyone.post("/v1/auth/token", data={"username": email, "password": password})

    def sign_in(self, email: str, password: str) -> Session:
        return self.session(self.try_to_sign_in(email, password))

    def try_to_refresh(self, refresh_token: str) -> httpx.Response:
        return self.anyone.post("/v1/auth/refresh", json={"refresh_token": refresh_token})

    def refresh(self, refresh_token: str) -> Session:
        return self.session(self.try_to_refresh(refresh_token))

    def session(self, response: httpx.Response) -> Session:
        """What a pair of tokens is good for."""
        assert response.status_code == 200, response.text
        pair = response.json()
        return Session(self.anyone.with_token(pair["access_token"]), pair["refresh_token"])

    def create(self, role: Role = "user", **fields: str) -> Person:
        """A new user, unlike all others."""
        body = new_user(role=role, **fields)
        response = self.admin.post("/v1/users", json=body)
        assert response.status_code == 201, response.text
        user = response.json()
        return Person(**user, password=body["password"], version=response.headers["ETag"], service=self)

    def sign_up(self, role: Role = "user", **fields: str) -> tuple[Person, Session]:
        """A new user who has signed in."""
        person = self.create(role, **fields)
        return person, person.sign_in()


def new_email(name: str = "ann") -> str:
    return f"{name}-{uuid.uuid4().hex}@example.org"


def new_password() -> str:
    return f"a-long-password-{uuid.uuid4().hex}"


def new_user(**fields: Json) -> Node:
    """A body that creates a user, unlike all others."""
    return {"email": new_email(), "name": "Ann Example", "password": new_password(), **fields}


def without(body: Mapping[str, Json], *names: str) -> Node:
    return {name: value for name, value in body.items() if name not in names}


# ---------------------------------------------------------------------------------------------- page by page


def pages(caller: Caller, limit: int) -> Iterator[list[Node]]:
    """The pages of the list of users, from its beginning to its end."""
    parameters: dict[str, str | int] = {"limit": limit}
    seen: set[str] = set()
    while True:
        response = caller.get("/v1/users", params=parameters)
        assert response.status_code == 200, response.text
        page = response.json()
        assert len(page["items"]) <= limit
        yield page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return
        assert cursor not in seen, "the list goes round in a circle"
        seen.add(cursor)
        parameters["cursor"] = cursor
