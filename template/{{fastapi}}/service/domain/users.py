"""Users: who may sign in, and what they may do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

type Role = Literal["user", "admin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Everything about a user but the password, so that it may be shown, logged and cached."""

    id: str
    email: str
    """In lower case: addresses are compared without regard to case."""
    name: str
    role: Role
    created_at: datetime
    """UTC, to the millisecond."""
    version: int = 1
    """Raised by every change."""
    generation: int = 1
    """Raised by a new password or role: tokens of an earlier generation are refused."""

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user together with the hash of their password."""

    user: User
    password_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What it takes to make a user."""

    email: str
    name: str
    password: str
    role: Role = "user"


class UserChanges(TypedDict, total=False):
    """The fields of a user to change; the others stay as they are."""

    email: str
    name: str
    password: str
    current_password: str
    role: Role


@dataclass(frozen=True, slots=True)
class CreationKey:
    """An idempotency key that a creation was requested with.

    Args:
        value: Names the request; the same key of two callers differs.
        fingerprint: Names its content; tells a repeated request from another one.
    """

    value: str
    fingerprint: str
