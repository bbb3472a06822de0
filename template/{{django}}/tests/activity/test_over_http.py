from service.activity.services import log_activity
from service.events import storage
from tests.people import Person


def handle_all() -> None:
    for event in storage.pending(100):
        storage.handle_once(event, log_activity)


def test_what_happened_is_told_newest_first(admin: Person, ann: Person) -> None:
    ann.call("PATCH", ann.path, {"name": "Anne"})
    handle_all()

    page = admin.call("GET", f"/v1/activity?user={ann.id}&limit=2").json()
    rest = admin.call("GET", f"/v1/activity?user={ann.id}&cursor={page['next_cursor']}").json()

    entries = page["items"] + rest["items"]
    assert [entry["type"] for entry in entries] == ["user.updated", "session.started", "user.created"]
    assert [entry["by"] for entry in entries] == [ann.id, ann.id, None]
    assert rest["next_cursor"] is None


def test_users_read_about_themselves_only(admin: Person, ann: Person) -> None:
    handle_all()

    assert ann.call("GET", "/v1/activity").status == 403
    assert ann.call("GET", f"/v1/activity?user={admin.id}").status == 403
    assert ann.call("GET", f"/v1/activity?user={ann.id}").json()["items"]
