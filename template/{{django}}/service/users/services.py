"""What can be done with users, and by whom. The API, the admin site and the commands call this."""

import json
import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import TypedDict

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError

from service.domain.errors import EmailTaken, InvalidField, KeyReused, Stale
from service.events import storage
from service.platform import tokens
from service.users import events, passwords, selectors
from service.users.models import User

ATTEMPTS = 10
"""How often a change without a condition is tried when others change the same user at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What it takes to make a user."""

    email: str
    name: str
    password: str
    role: str = "user"


class UserChanges(TypedDict, total=False):
    """The fields of a user to change; the others stay as they are."""

    email: str
    name: str
    password: str
    current_password: str
    role: str


@dataclass(frozen=True, slots=True)
class CreationKey:
    """An idempotency key that a creation was requested with.

    Args:
        value: Names the request; the same key of two callers differs.
        fingerprint: Names its content; tells a repeated request from another one.
    """

    value: str
    fingerprint: str


def create_user(caller: User, new: NewUser, idempotency_key: str | None = None) -> User:
    """Creates a user; or answers the one that was created with the same key.

    Raises:
        Forbidden: The caller is no admin.
        EmailTaken: Another user has this e-mail.
        KeyReused: The key came with other content before.
    """
    selectors.require_admin(caller)
    key = _creation_key(caller, new, idempotency_key) if idempotency_key is not None else None
    if key and (earlier := _created_earlier(key)):
        return earlier
    try:
        return add_user(new, key, by=str(caller.id))
    except EmailTaken:
        # By the same request perhaps, which ran at the same time.
        if key and (earlier := _created_earlier(key)):
            return earlier
        raise


def add_user(new: NewUser, key: CreationKey | None = None, *, by: str | None = None) -> User:
    """Creates a user in the name of the service itself, such as the first admin.

    Raises:
        EmailTaken: Another user has this e-mail.
    """
    user = User(
        email=new.email.lower(),
        name=new.name,
        role=new.role,
        password=make_password(new.password),
        creation_key=key.value if key else None,
        creation_fingerprint=key.fingerprint if key else None,
    )
    try:
        storage.insert(user, events.user_created(user, by=by))
    except IntegrityError as error:
        raise _email_taken() from error
    return user


def update_user(caller: User, user_id: str, changes: UserChanges, versions: Collection[int] | None = None) -> User:
    """Changes a user.

    Args:
        caller: Who asks for it.
        user_id: Whom to change.
        changes: The fields to change.
        versions: The versions that may be changed; None for any.

    Raises:
        Forbidden: The caller is neither an admin nor this user, or no admin and changes a role.
        NotFound: There is no such user.
        Stale: The user is at another version.
        EmailTaken: Another user has this e-mail.
        InvalidField: The current password is missing or wrong.
    """
    selectors.require_admin_or_self(caller, user_id)
    if "role" in changes:
        selectors.require_admin(caller)
    if str(caller.id) == user_id and "password" in changes:
        _check_current_password(user_id, changes.get("current_password"))
    password = make_password(changes["password"]) if "password" in changes else None
    for _ in range(ATTEMPTS):
        user = _expect(user_id, versions)
        version = user.version
        if not _apply(user, changes, password):
            return user
        event = events.user_updated(user, changes.keys() - {"current_password"}, by=str(caller.id))
        try:
            is_stored = storage.update(user, event, version=version)
        except IntegrityError as error:
            raise _email_taken() from error
        if is_stored:
            selectors.find_profile.invalidate(user_id)
            return user
    raise _stale()


def delete_user(caller: User, user_id: str, versions: Collection[int] | None = None) -> None:
    """Deletes a user and their sessions.

    Args:
        caller: Who asks for it.
        user_id: Whom to delete.
        versions: The versions that may be deleted; None for any.

    Raises:
        Forbidden: The caller is neither an admin nor this user.
        NotFound: There is no such user.
        Stale: The user is at another version.
    """
    selectors.require_admin_or_self(caller, user_id)
    for _ in range(ATTEMPTS):
        user = _expect(user_id, versions)
        if storage.delete(user, events.user_deleted(user, by=str(caller.id)), version=user.version):
            selectors.find_profile.invalidate(user_id)
            return
    raise _stale()


def _expect(user_id: str, versions: Collection[int] | None) -> User:
    user = selectors.find_user(user_id)
    if user is None:
        raise selectors.not_found()
    if versions is not None and user.version not in versions:
        raise _stale()
    return user


def _apply(user: User, changes: UserChanges, password: str | None) -> bool:
    """Makes it the next version of the user, if anything changes."""
    before = (user.email, user.name, user.role)
    role = user.role
    user.email = changes.get("email", user.email).lower()
    user.name = changes.get("name", user.name)
    user.role = changes.get("role", user.role)
    is_secure = password is None and user.role == role
    if is_secure and before == (user.email, user.name, user.role):
        return False
    if not is_secure:
        user.generation += 1
    user.password = password or user.password
    user.version += 1
    return True


def _check_current_password(user_id: str, current_password: str | None) -> None:
    if current_password is None:
        raise InvalidField("current_password", "is needed to change one's own password")
    if not passwords.check(_expect(user_id, None), current_password).is_right:
        raise InvalidField("current_password", "is not the current password")


def _created_earlier(key: CreationKey) -> User | None:
    user = User.objects.filter(creation_key=key.value).first()
    if user is not None and user.creation_fingerprint != key.fingerprint:
        raise KeyReused("This idempotency key came with other content before.")
    return user


def _creation_key(caller: User, new: NewUser, idempotency_key: str) -> CreationKey:
    content = json.dumps([str(caller.id), asdict(new)])
    return CreationKey(
        value=uuid.uuid5(uuid.NAMESPACE_OID, json.dumps([str(caller.id), idempotency_key])).hex,
        fingerprint=tokens.fingerprint(content.encode()),
    )


def _email_taken() -> EmailTaken:
    return EmailTaken("Another user has this e-mail address.")


def _stale() -> Stale:
    return Stale("The user has changed in the meantime.")
