import getpass
import io

import pytest
from django.core.management import CommandError, call_command

from service.users.models import User
from tests.people import PASSWORD, Caller, Person


def make_admin(email: str) -> str:
    output = io.StringIO()
    call_command("admin", email, stdout=output)
    return output.getvalue()


@pytest.mark.django_db
def test_an_admin_can_sign_in(monkeypatch: pytest.MonkeyPatch, anyone: Caller) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)

    assert "can sign in" in make_admin("Root@example.org")

    assert User.objects.get().is_admin
    form = {"username": "root@example.org", "password": PASSWORD}
    assert anyone.call("POST", "/v1/auth/token", form=form).status == 200


def test_somebody_who_is_there_stays_as_they_are(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)

    assert "already" in make_admin(ann.user.email)

    assert not User.objects.get().is_admin


@pytest.mark.django_db
def test_a_password_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    entered = iter([PASSWORD, "another one", PASSWORD, PASSWORD])
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(entered))

    with pytest.raises(CommandError, match="differ"):
        make_admin("root@example.org")
    make_admin("root@example.org")

    assert User.objects.count() == 1


@pytest.mark.django_db
def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "short")

    with pytest.raises(CommandError, match=r"(?s)email: is not an e-mail address.*password: "):
        make_admin("nobody")
    assert not User.objects.exists()
