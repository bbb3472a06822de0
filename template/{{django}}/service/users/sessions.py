"""Signing in, staying signed in, signing out."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError

from service.adapters.clock import SystemClock
from service.domain.errors import InvalidToken, WrongCredentials
from service.events import storage
from service.platform import tokens
from service.users import events, passwords
from service.users.models import Session, User
from service.users.selectors import find_user

log = structlog.get_logger()

REFRESH_TOKEN = re.compile(r"(?P<session_id>[A-Za-z0-9_-]+)\.(?P<secret>[A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a sign-in or a refresh answers."""

    access_token: str
    refresh_token: str
    expires_in: int
    """For how many seconds the access token is good."""


def sign_in(email: str, password: str) -> TokenPair:
    """Begins a session.

    Raises:
        WrongCredentials: There is no such account, or this is not its password.
    """
    user = User.objects.filter(email=email.lower()).first() if "\0" not in email else None
    check = passwords.check(user, password)
    if user is None or not check.is_right:
        storage.append(events.session_refused(user))
        raise _wrong_credentials()
    if check.new_hash:
        # Unless the password has changed in the meantime. No change that anybody sees, so neither version nor event.
        User.objects.filter(id=user.id, password=user.password).update(password=check.new_hash)
    try:
        return _begin(user)
    except IntegrityError:  # The user was deleted in the meantime.
        raise _wrong_credentials() from None


def refresh(refresh_token: str) -> TokenPair:
    """Exchanges a refresh token for the next pair.

    Raises:
        InvalidToken: It is forged, expired, or revoked; or it was used before, which ends its session.
    """
    session_id, secret = _parse(refresh_token)
    session = Session.objects.filter(id=session_id).first()
    if session is None:
        raise _invalid()
    if _hash(secret) != session.secret_hash:
        _end(session, "a refresh token was used twice")
        raise _invalid()
    user = find_user(str(session.user_id))
    if user is None or user.generation != session.generation or session.expires_at <= _now():
        _end(session, "the session has expired")
        raise _invalid()
    return _rotate(user, session)


def sign_out(refresh_token: str) -> None:
    """Ends the session that a refresh token is of, whether it is the newest one of it or was used before."""
    try:
        session_id, _ = _parse(refresh_token)
    except InvalidToken:
        return
    Session.objects.filter(id=session_id).delete()


def _begin(user: User) -> TokenPair:
    secret = secrets.token_urlsafe()
    Session.objects.filter(user=user, expires_at__lte=_now()).delete()
    session = Session(
        id=secrets.token_urlsafe(16),
        user=user,
        generation=user.generation,
        secret_hash=_hash(secret),
        expires_at=_expiry(),
    )
    storage.insert(session, events.session_started(user))
    return _pair(user, session, secret)


def _rotate(user: User, session: Session) -> TokenPair:
    secret = secrets.token_urlsafe()
    unused = Session.objects.filter(id=session.id, secret_hash=session.secret_hash)
    if not unused.update(secret_hash=_hash(secret), expires_at=_expiry()):
        _end(session, "a refresh token was used twice at once")
        raise _invalid()
    return _pair(user, session, secret)


def _end(session: Session, reason: str) -> None:
    log.warning("session ended", user_id=str(session.user_id), reason=reason)
    session.delete()


def _pair(user: User, session: Session, secret: str) -> TokenPair:
    return TokenPair(
        access_token=tokens.create_access_token(str(user.id), user.generation),
        refresh_token=f"{session.id}.{secret}",
        expires_in=int(settings.SERVICE.access_token_seconds),
    )


def _parse(refresh_token: str) -> tuple[str, str]:
    found = REFRESH_TOKEN.fullmatch(refresh_token)
    if found is None:
        raise _invalid()
    return found["session_id"], found["secret"]


def _hash(secret: str) -> str:
    """Of a random secret, so that it needs neither salt nor effort."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _now() -> datetime:
    return SystemClock().now()


def _expiry() -> datetime:
    return _now() + timedelta(seconds=settings.SERVICE.refresh_token_seconds)


def _wrong_credentials() -> WrongCredentials:
    return WrongCredentials("The e-mail address or the password is wrong.")


def _invalid() -> InvalidToken:
    return InvalidToken("The refresh token is not good, or not any more.")
