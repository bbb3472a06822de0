"""What can be read of users, and by whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q

from service.domain.errors import Forbidden, InvalidToken, NotFound
from service.domain.paging import Cursor, Page, invalid_cursor
from service.platform import tokens
from service.platform.caching import cache_result
from service.users.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything about a user but the password, so that it may be shown, logged and cached."""

    id: str
    email: str
    name: str
    role: str
    created_at: datetime
    version: int
    generation: int

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=str(user.id),
            email=user.email,
            name=user.name,
            role=user.role,
            created_at=user.created_at,
            version=user.version,
            generation=user.generation,
        )


def page_of_users(caller: User, cursor: str | None, limit: int) -> Page[Profile]:
    """A page of all users, newest first.

    Raises:
        Forbidden: The caller is no admin.
        InvalidField: The cursor is none.
    """
    require_admin(caller)
    users = User.objects.order_by("-created_at", "-id")
    if cursor is not None:
        after = Cursor.decode(cursor)
        if not is_id(after.id):
            raise invalid_cursor()
        users = users.filter(Q(created_at__lt=after.created_at) | Q(created_at=after.created_at, id__lt=after.id))
    found = [Profile.of(user) for user in users[: limit + 1]]
    return Page.of(found, limit, lambda user: Cursor(user.created_at, user.id))


def get_user(caller: User, user_id: str) -> Profile:
    """One user.

    Raises:
        Forbidden: The caller is neither an admin nor this user.
        NotFound: There is no such user.
    """
    require_admin_or_self(caller, user_id)
    profile = Profile.of(caller) if str(caller.id) == user_id else find_profile(user_id)
    if profile is None:
        raise not_found()
    return profile


@cache_result(settings.SERVICE.user_cache_seconds)
def find_profile(user_id: str) -> Profile | None:
    user = find_user(user_id)
    return Profile.of(user) if user else None


def find_user(user_id: str) -> User | None:
    """The user, or None if there is none, or this is no id at all."""
    return User.objects.filter(id=user_id).first() if is_id(user_id) else None


def authenticate(access_token: str) -> User:
    """Whom an access token belongs to, as they are now.

    It asks the database every time, since a token must stop working at once, on every instance.

    Raises:
        InvalidToken: It is forged or expired, or its user is gone or has another password or role.
    """
    token = tokens.read_access_token(access_token)
    user = find_user(token.user_id)
    if user is None or user.generation != token.generation:
        raise InvalidToken("The access token has been revoked.")
    return user


def is_id(text: str) -> bool:
    """Whether this is an id as the service writes them; nothing else is one, though Django would read it."""
    try:
        return str(User._meta.pk.to_python(text)) == text
    except (ValidationError, ValueError):
        return False


def require_admin(caller: User) -> None:
    if not caller.is_admin:
        raise Forbidden("Only admins may do this.")


def require_admin_or_self(caller: User, user_id: str) -> None:
    if not caller.is_admin and str(caller.id) != user_id:
        raise Forbidden("Only admins may do this with anybody but themselves.")


def not_found() -> NotFound:
    return NotFound("There is no such user, or no longer.")
