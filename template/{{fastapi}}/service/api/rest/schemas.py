"""What goes over the wire, as `contract/openapi.yaml` describes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypedDict, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, with_config

from service.domain.activity import Activity
from service.domain.paging import Page
from service.domain.sessions import TokenPair
from service.domain.users import NewUser, Role, User

# No look-around, \d or \w: Python, JavaScript, Go and Rust must read these patterns alike.
EMAIL = (
    r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$"
)
NAME = r"^ *[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"

IN_WORDS = {EMAIL: "is not an e-mail address", NAME: "is blank, or has control characters in it"}

type Email = Annotated[str, StringConstraints(max_length=254, pattern=EMAIL), AfterValidator(str.lower)]
type Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NAME)]
type Password = Annotated[str, StringConstraints(min_length=12, max_length=128)]
type EnteredPassword = Annotated[str, StringConstraints(min_length=1, max_length=128)]
type CursorText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern="^[A-Za-z0-9_-]+$")]

type ActivityType = Literal["user.created", "user.updated", "user.deleted", "session.started", "session.refused"]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Response(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)


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


class SignInForm(BaseModel):
    grant_type: Literal["password"] = "password"
    username: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    password: EnteredPassword


class RefreshToken(Request):
    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=512)]


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


def in_words(error: Mapping[str, Any]) -> str:
    """What Pydantic finds wrong with a value, without a pattern that nobody wants to read."""
    return IN_WORDS.get(error.get("ctx", {}).get("pattern"), error["msg"])


class Liveness(Response):
    status: Literal["ok"]


class DependencyHealth(Response):
    status: Literal["up", "down"]
    required: bool


class Readiness(Response):
    status: Literal["ready", "unavailable"]
    dependencies: dict[str, DependencyHealth]
