"""What goes over the wire about users and sessions, as `contract/openapi.yaml` describes it."""

from datetime import datetime
from typing import Annotated, Literal, Self, TypedDict

from pydantic import Field, with_config

from service.domain.paging import Page
from service.platform.schemas import CursorText, Email, EnteredPassword, Name, Password, Request, Response
from service.users.models import User
from service.users.selectors import Profile
from service.users.services import NewUser
from service.users.sessions import TokenPair

RoleName = Literal["user", "admin"]


class UserCreate(Request):
    email: Email
    name: Name
    password: Password
    role: RoleName = "user"

    def to_new_user(self) -> NewUser:
        return NewUser(email=self.email, name=self.name, password=self.password, role=self.role)


@with_config(extra="forbid")
class UserUpdate(TypedDict, total=False):
    """Not a model: a field may be left out, but not be null."""

    email: Email
    name: Name
    password: Password
    current_password: EnteredPassword
    role: RoleName


class UserResponse(Response):
    id: Annotated[str, Field(min_length=1, max_length=64)]
    email: Email
    name: Name
    role: RoleName
    created_at: datetime

    @classmethod
    def of(cls, user: User | Profile) -> Self:
        return cls.model_construct(
            id=str(user.id), email=user.email, name=user.name, role=user.role, created_at=user.created_at
        )


class UserPage(Response):
    items: list[UserResponse]
    next_cursor: CursorText | None

    @classmethod
    def of(cls, page: Page[Profile]) -> Self:
        return cls.model_construct(items=[UserResponse.of(user) for user in page.items], next_cursor=page.next_cursor)


class TokenPairResponse(Response):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: Annotated[int, Field(ge=1)]

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        return cls(
            access_token=pair.access_token,
            refresh_token=pair.refresh_token,
            token_type="bearer",  # noqa: S106 - a kind of token, not one.
            expires_in=pair.expires_in,
        )
