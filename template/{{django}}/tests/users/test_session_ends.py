"""How sessions and access tokens come to their end, other than by signing out."""

from datetime import timedelta

import pytest

from service.adapters.clock import SystemClock
from service.domain.errors import InvalidToken
from service.platform.tokens import create_access_token
from service.users import passwords, sessions
from service.users.models import Session, User
from service.users.selectors import authenticate
from tests.people import PASSWORD, Person


def test_a_session_expires(ann: Person) -> None:
    Session.objects.update(expires_at=SystemClock().now())

    with pytest.raises(InvalidToken):
        sessions.refresh(ann.tokens.refresh_token)
    assert not Session.objects.exists()


def test_of_two_who_refresh_at_once_both_lose_the_session(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    expiry = sessions._expiry  # noqa: SLF001

    def somebody_else_is_faster() -> object:
        Session.objects.update(secret_hash="another")
        return expiry()

    monkeypatch.setattr(sessions, "_expiry", somebody_else_is_faster)
    with pytest.raises(InvalidToken):
        sessions.refresh(ann.tokens.refresh_token)
    assert not Session.objects.exists()


def test_expired_sessions_go_at_the_next_sign_in(ann: Person) -> None:
    Session.objects.update(expires_at=SystemClock().now())

    sessions.sign_in(ann.user.email, PASSWORD)

    assert Session.objects.count() == 1


def test_what_is_no_refresh_token(ann: Person) -> None:
    del ann
    sessions.sign_out("no token")
    for token in ("no token", "unknown.secret"):
        with pytest.raises(InvalidToken):
            sessions.refresh(token)
    assert Session.objects.exists()


def test_an_access_token_expires(ann: Person) -> None:
    token = create_access_token(ann.id, 1, timedelta(seconds=-1))

    with pytest.raises(InvalidToken, match="expired"):
        authenticate(token)


def test_a_costlier_hash_is_kept(ann: Person) -> None:
    user = User.objects.get(id=ann.id)
    assert user.password.startswith("bcrypt_sha256$$2b$04$")
    assert passwords.check(user, PASSWORD) == passwords.PasswordCheck(is_right=True)
