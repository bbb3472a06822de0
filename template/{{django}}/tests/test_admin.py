"""The admin site: who gets in, and that what is done there is what the API would have done."""

from datetime import UTC, datetime

import bcrypt
import pytest
from django.test import Client

from service.about import TITLE
from service.activity.models import Activity
from service.activity.services import log_activity
from service.domain.errors import EmailTaken
from service.domain.events import DeadLetter
from service.events import storage
from service.users import services
from service.users.models import User
from tests.conftest import CHEAPEST_COST
from tests.people import PASSWORD, Person

USERS = "/admin/users/user/"


@pytest.fixture
def site(admin: Person) -> Client:
    """A browser in which an admin has signed in."""
    client = Client()
    answer = client.post("/admin/login/?next=/admin/", {"username": admin.user.email.upper(), "password": PASSWORD})
    assert answer.status_code == 302
    return client


def stored() -> list[str]:
    return [event.type for event in storage.pending(100)]


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
def test_only_admins_get_in_and_the_others_are_logged(ann: Person, password: str) -> None:
    client = Client()
    answer = client.post("/admin/login/?next=/admin/", {"username": ann.user.email, "password": password})
    assert answer.status_code == 200
    assert client.get("/admin/").status_code == 302
    assert stored()[-1] == "session.refused"


def test_a_sign_in_is_logged(site: Client) -> None:
    assert site.get("/admin/").status_code == 200
    assert stored()[-1] == "session.started"


@pytest.mark.parametrize("prefix", [b"2a", b"2b"])
def test_a_hash_of_another_framework_is_good_and_replaced(admin: Person, prefix: bytes) -> None:
    plain = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(CHEAPEST_COST, prefix)).decode()
    User.objects.filter(id=admin.id).update(password=plain)
    form = {"username": admin.user.email, "password": "wrong"}
    client = Client()

    client.post("/admin/login/?next=/admin/", form)
    assert User.objects.get(id=admin.id).password == plain
    assert client.post("/admin/login/?next=/admin/", form | {"password": PASSWORD}).status_code == 302
    assert client.get("/admin/").status_code == 200
    replaced = User.objects.get(id=admin.id)
    assert replaced.password.startswith("bcrypt_sha256$")
    assert (replaced.version, replaced.generation) == (1, 1)
    assert admin.call("GET", "/v1/users/me").status == 200


def test_who_is_no_admin_any_more_is_out_at_once(site: Client, admin: Person) -> None:
    User.objects.filter(id=admin.id).update(role="user")
    assert site.get(USERS).status_code == 302


def test_a_session_ends_with_the_generation_of_its_user(site: Client, admin: Person) -> None:
    User.objects.filter(id=admin.id).update(generation=2)
    assert site.get(USERS).status_code == 302


def test_users_are_found_and_filtered(site: Client, ann: Person) -> None:
    found = site.get(USERS, {"q": "ann@", "role__exact": "user"}).content.decode()
    assert ann.user.email in found
    assert "1 user" in found


@pytest.mark.usefixtures("ann", "bob")
def test_what_a_filter_would_find_is_counted(site: Client) -> None:
    found = site.get(USERS, {"_facets": "True"}).content.decode()
    assert "Admin (1)" in found
    assert "User (2)" in found
    assert "Today (3)" in found


def test_a_user_is_made_by_the_service(site: Client, admin: Person) -> None:
    answer = site.post(
        f"{USERS}add/", {"email": "Eve@example.org", "name": "Eve", "role": "user", "new_password": PASSWORD}
    )
    assert answer.status_code == 302
    eve = User.objects.get(email="eve@example.org")
    assert eve.check_password(PASSWORD)
    event = storage.pending(100)[-1]
    assert (event.type, event.subject, event.data["by"]) == ("user.created", str(eve.id), admin.id)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("new_password", ""),
        ("new_password", "short"),
        ("new_password", "x" * 129),
        ("email", '"e v e"@example.org'),
        ("name", "Eve\x07"),
        ("role", "root"),
    ],
)
def test_what_the_api_refuses_is_refused(site: Client, field: str, value: str) -> None:
    form = {"email": "eve@example.org", "name": "Eve", "role": "user", "new_password": PASSWORD}
    assert b"errorlist" in site.post(f"{USERS}add/", form | {field: value}).content
    assert User.objects.count() == 1


def test_a_change_raises_version_and_generation(site: Client, ann: Person) -> None:
    change = {"email": ann.user.email, "name": "Ann B.", "role": "admin", "new_password": ""}
    assert site.post(f"{USERS}{ann.id}/change/", change).status_code == 302
    changed = User.objects.get(id=ann.id)
    assert (changed.name, changed.role, changed.version, changed.generation) == ("Ann B.", "admin", 2, 2)
    assert storage.pending(100)[-1].data["changed"] == ["name", "role"]
    assert ann.call("GET", "/v1/users/me").status == 401


def test_a_new_password_ends_what_the_old_one_began(site: Client, ann: Person) -> None:
    change = {"email": ann.user.email, "name": ann.user.name, "role": "user", "new_password": "another long password"}
    assert site.post(f"{USERS}{ann.id}/change/", change).status_code == 302
    assert User.objects.get(id=ann.id).check_password("another long password")
    assert ann.call("GET", "/v1/users/me").status == 401


def test_what_a_service_refuses_is_said(site: Client, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise EmailTaken("Another user has this e-mail address.")

    monkeypatch.setattr(services, "update_user", refuse)
    change = {"email": "bob@example.org", "name": "Ann", "role": "user", "new_password": ""}
    shown = site.post(f"{USERS}{ann.id}/change/", change, follow=True).content.decode()
    assert "Another user has this e-mail address." in shown
    assert "was changed successfully" not in shown


def test_no_hash_is_shown(site: Client, ann: Person) -> None:
    assert ann.user.password not in site.get(f"{USERS}{ann.id}/change/").content.decode()


def test_a_deletion_is_an_event(site: Client, ann: Person) -> None:
    assert site.post(f"{USERS}{ann.id}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(id=ann.id).exists()
    assert stored()[-1] == "user.deleted"


def test_many_are_deleted_at_once_but_never_oneself(site: Client, admin: Person, ann: Person, bob: Person) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [ann.id, bob.id], "post": "yes"}
    assert site.post(USERS, chosen).status_code == 302
    assert [user.id for user in User.objects.all()] == [admin.user.id]
    assert stored()[-2:] == ["user.deleted", "user.deleted"]

    site.post(USERS, chosen | {"_selected_action": [admin.id]})
    assert User.objects.filter(id=admin.id).exists()


def test_there_always_is_an_admin(site: Client, admin: Person) -> None:
    assert site.post(f"{USERS}{admin.id}/delete/", {"post": "yes"}).status_code == 403
    change = {"email": admin.user.email, "name": "Me", "role": "user"}
    assert site.post(f"{USERS}{admin.id}/change/", change).status_code == 302
    assert User.objects.get(id=admin.id).role == "admin"


def test_nobody_writes_into_the_audit_log(site: Client) -> None:
    assert site.get("/admin/activity/activity/").status_code == 200
    assert site.get("/admin/activity/activity/add/").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_message_is_handled_again(site: Client) -> None:
    letter = DeadLetter(body=b"nonsense", error="none", attempts=1, parked_at=datetime.now(UTC))
    storage.park(letter)
    page = "/admin/events/deadletter/"
    shown = site.get(f"{page}{letter.id}/change/").content.decode()
    assert "nonsense" in shown
    assert f"{letter.parked_at:%Y-%m-%d %H:%M:%S}" in shown
    assert site.post(page, {"action": "replay", "_selected_action": [letter.id]}).status_code == 302
    (again,) = storage.parked(10)  # It is as bad as it was.
    assert again.id != letter.id


@pytest.mark.usefixtures("ann")
def test_the_log_is_filtered_by_what_happened(site: Client) -> None:
    for event in storage.pending(100):
        log_activity(event)
    started = Activity.objects.filter(type="session.started").count()
    found = site.get("/admin/activity/activity/", {"type": "session.started"}).content.decode()
    assert started
    assert f"{started} activity" in found
    assert "user.updated" in found  # To be chosen, though there is none.


def test_ones_own_password_is_changed_by_the_service(site: Client, admin: Person) -> None:
    page, new = "/admin/password_change/", "another long password"
    long = "x" * 129
    for form in (
        {"old_password": "wrong"},
        {"new_password1": "short", "new_password2": "short"},
        {"new_password1": long, "new_password2": long},
    ):
        whole = {"old_password": PASSWORD, "new_password1": new, "new_password2": new} | form
        assert site.post(page, whole).status_code == 200
    assert User.objects.get(id=admin.id).check_password(PASSWORD)

    change = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert site.post(page, change).status_code == 302
    assert User.objects.get(id=admin.id).check_password(new)
    assert storage.pending(100)[-1].data["changed"] == ["password"]
    assert admin.call("GET", "/v1/users/me").status == 401
    assert site.get("/admin/").status_code == 200


@pytest.mark.django_db
def test_the_site_has_the_name_of_the_service() -> None:
    assert f"<title>Log in | {TITLE}</title>" in Client().get("/admin/login/").content.decode()


@pytest.mark.parametrize(
    ("path", "kind"),
    [("css/base.css", "text/css"), ("js/theme.js", "text/javascript"), ("img/search.svg", "image/svg+xml")],
)
def test_static_files_are_served(path: str, kind: str) -> None:
    first = Client().get(f"/static/admin/{path}")
    assert (first.status_code, first["Content-Type"]) == (200, kind)
    again = Client(headers={"If-None-Match": first["ETag"]}).get(f"/static/admin/{path}")
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["admin", "admin/css/nothing.css", "../settings.py", "%2e%2e/%2e%2e/manage.py", "/etc/passwd"]
)
def test_nothing_else_is_a_static_file(path: str) -> None:
    assert Client().get(f"/static/{path}").status_code == 404
