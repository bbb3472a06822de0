"""What goes over the wire about users, sessions and what happened, as `contract/openapi.yaml` describes it."""

from datetime import datetime
from typing import Annotated, Literal, Self, TypedDict, cast

from pydantic import Field, with_config

from service.domain.activity import Activity
from service.domain.paging import Page
from service.domain.sessions import TokenPair
from service.domain.users import NewUser, Role, User
from service.platform.schemas import CursorText, Email, EnteredPassword, Name, Password, Request, Response

type ActivityType = Literal["user.created", "user.updated", "user.deleted", "session.started", "session.refused"]


class UserCreate(Request):
    email: Email
    name: Name
    password: Password
    role: Role = "user"

    def to_domain(self) -> NewUser:
        return NewUser(email=self.email, name=self.name, password=self.password, role=self.role)


@with_config(extra="forbid")
class UserUpdate(TypedDict, total=False):
    """Not a model: a field may be left out, but not be null."""

    email: Email
    name: Name
    password: Password
    current_password: EnteredPassword
    role: Role


class UserResponse(Response):
    id: Annotated[str, Field(min_length=1, max_length=64)]
    email: Email
    name: Name
    role: Role
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> Self:
        return cls.model_validate(user)


class UserPage(Response):
    items: list[UserResponse]
    next_cursor: CursorText | None

    @classmethod
    def of(cls, page: Page[User]) -> Self:
        return cls.model_validate(page)


class ActivityResponse(Response):
    id: Annotated[str, Field(min_length=1, max_length=1000)]
    type: ActivityType
    user_id: Annotated[str, Field(min_length=1, max_length=64)] | None
    by: Annotated[str, Field(min_length=1, max_length=64)] | None
    time: datetime

    @classmethod
    def of(cls, entry: Activity) -> Self:
        return cls.model_construct(
            id=entry.id, type=cast("ActivityType", entry.type), user_id=entry.user_id, by=entry.by, time=entry.time
        )


class ActivityPage(Response):
    items: list[ActivityResponse]
    next_cursor: CursorText | None

    @classmethod
    def of(cls, page: Page[Activity]) -> Self:
        items = [ActivityResponse.of(entry) for entry in page.items]
        return cls.model_construct(items=items, next_cursor=page.next_cursor)


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
