"""Those who call the service in the tests."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from service.domain.sessions import TokenPair
from service.domain.users import NewUser, Role, User

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Person:
    """A user who has signed in."""

    user: User
    tokens: TokenPair
    http: AsyncClient
    """Sends their access token."""

    @property
    def path(self) -> str:
        return f"/v1/users/{self.user.id}"


@asynccontextmanager
async def new_person(app: FastAPI, email: str, role: Role = "user") -> AsyncGenerator[Person]:
    service = app.state.service
    user = await service.users.add(NewUser(email=email, name=email.partition("@")[0], password=PASSWORD, role=role))
    tokens = await service.sessions.sign_in(email, PASSWORD)
    async with http_client(app, tokens.access_token) as client:
        yield Person(user, tokens, client)


def http_client(app: FastAPI, access_token: str | None = None) -> AsyncClient:
    headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
    return AsyncClient(transport=ASGITransport(app), base_url="http://service.test", headers=headers)
