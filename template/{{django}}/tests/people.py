"""Those who call the service in the tests."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from service.users import services, sessions
from service.users.models import User
from service.users.services import NewUser
from service.users.sessions import TokenPair

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:  # noqa: ANN401 - whatever was answered.
        return json.loads(self.content)

    @property
    def wrong(self) -> list[tuple[str, str]]:
        """Where and what is wrong with the request, as the answer says it."""
        return [(each["in"], each["field"]) for each in self.json()["errors"]]

    @property
    def problem(self) -> str:
        """What went wrong, without the prefix that all problems have."""
        kind: str = self.json()["type"]
        return kind.removeprefix("urn:problem-type:")


class Caller:
    """Calls the service, with an access token if there is one."""

    def __init__(self, access_token: str | None = None) -> None:
        authorization = {"Authorization": f"Bearer {access_token}"} if access_token else {}
        self._client = Client(headers=authorization)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends a body as JSON, unless it is bytes already; or a form."""
        if form is not None:
            content, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
        else:
            content, kind = body if isinstance(body, bytes) else _json(body), "application/json"
        response = self._client.generic(method, path, content, kind, headers=headers)
        return Answer(response.status_code, response.headers, response.content)


@dataclass(frozen=True, slots=True)
class Person:
    """A user who has signed in."""

    user: User
    tokens: TokenPair
    caller: Caller = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.user.id)

    @property
    def path(self) -> str:
        return f"/v1/users/{self.id}"

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        return self.caller.call(method, path, body, headers=headers)


def new_person(email: str, role: str = "user") -> Person:
    user = services.add_user(NewUser(email=email, name=email.partition("@")[0], password=PASSWORD, role=role))
    tokens = sessions.sign_in(email, PASSWORD)
    return Person(user, tokens, Caller(tokens.access_token))


def _json(body: object) -> bytes:
    return b"" if body is None else json.dumps(body).encode()
