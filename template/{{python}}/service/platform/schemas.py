"""What goes over the wire of every API, as `contract/openapi.yaml` describes it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

# No look-around, \d or \w: Python, JavaScript, Go and Rust must read these patterns alike.
EMAIL = (
    r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$"
)
NAME = r"^ *[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"

IN_WORDS = {EMAIL: "is not an e-mail address", NAME: "is blank, or has control characters in it"}

Email = Annotated[str, StringConstraints(max_length=254, pattern=EMAIL), AfterValidator(str.lower)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NAME)]
Password = Annotated[str, StringConstraints(min_length=12, max_length=128)]
EnteredPassword = Annotated[str, StringConstraints(min_length=1, max_length=128)]
CursorText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern="^[A-Za-z0-9_-]+$")]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Response(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)


class SignInForm(BaseModel):
    grant_type: Literal["password"] = "password"
    username: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    password: EnteredPassword


class RefreshToken(Request):
    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=512)]


class Liveness(Response):
    status: Literal["ok"]


class DependencyHealth(Response):
    status: Literal["up", "down"]
    required: bool


class Readiness(Response):
    status: Literal["ready", "unavailable"]
    dependencies: dict[str, DependencyHealth]


def in_words(error: Mapping[str, Any]) -> str:
    """What Pydantic finds wrong with a value, without a pattern that nobody wants to read."""
    return str(IN_WORDS.get(error.get("ctx", {}).get("pattern"), error["msg"]))
