"""Checks passwords, and says which hashes are to be replaced."""

import secrets
from dataclasses import dataclass
from functools import cache

from django.contrib.auth.hashers import make_password, verify_password

from service.users.hashers import in_djangos_format
from service.users.models import User


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    is_right: bool
    new_hash: str | None = None
    """To be stored in place of the one that was checked, which is of an older cost or scheme."""


def check(user: User | None, password: str) -> PasswordCheck:
    """Checks a password; without a user it takes as long, so that nobody can tell whether there is an account."""
    encoded = in_djangos_format(user.password) if user else _nobodys_hash()
    is_right, must_update = verify_password(password, encoded)
    if user is None or not is_right:
        return PasswordCheck(is_right=False)
    return PasswordCheck(is_right=True, new_hash=make_password(password) if must_update else None)


@cache
def _nobodys_hash() -> str:
    return make_password(secrets.token_urlsafe())
