"""ETag and If-Match: nobody overwrites what they have not seen."""

import httpx
import pytest

from .client import Caller, Service, new_password, problem


def if_match(*tags: str) -> dict[str, str]:
    return {"If-Match": ", ".join(tags)}


def test_etag_is_the_same_wherever_the_user_is_answered(service: Service, admin: Caller) -> None:
    ann, session = service.sign_up()

    for read in (admin.get(ann.path), session.caller.get(ann.path), session.caller.get("/v1/users/me")):
        assert read.headers["ETag"] == ann.version


@pytest.mark.parametrize("change", ["name", "email", "password", "role"])
def test_etag_changes_with_every_field(service: Service, admin: Caller, change: str) -> None:
    ann = service.create()
    new = {"name": "Bea", "email": f"bea-{ann.email}", "password": new_password(), "role": "admin"}

    changed = admin.patch(ann.path, json={change: new[change]})

    assert changed.headers["ETag"] != ann.version
    assert admin.get(ann.path).headers["ETag"] == changed.headers["ETag"]
    problem(admin.patch(ann.path, json={"name": "Cleo"}, headers=if_match(ann.version)), 412, "stale")


def test_current_version_is_changed(service: Service, admin: Caller) -> None:
    ann = service.create()

    first = admin.patch(ann.path, json={"name": "Bea"}, headers=if_match(ann.version))
    assert first.status_code == 200
    second = admin.patch(ann.path, json={"name": "Cleo"}, headers=if_match(first.headers["ETag"]))
    assert second.status_code == 200
    assert admin.delete(ann.path, headers=if_match(second.headers["ETag"])).status_code == 204


def test_users_may_use_it_about_themselves(service: Service) -> None:
    ann, session = service.sign_up()

    changed = session.caller.patch(ann.path, json={"name": "Bea"}, headers=if_match(ann.version))

    assert changed.status_code == 200
    problem(session.caller.patch(ann.path, json={"name": "Cleo"}, headers=if_match(ann.version)), 412, "stale")
    problem(session.caller.delete(ann.path, headers=if_match(ann.version)), 412, "stale")


def test_stale_version_is_left_alone(service: Service, admin: Caller) -> None:
    ann = service.create()
    now = admin.patch(ann.path, json={"name": "Bea"})

    problem(admin.patch(ann.path, json={"name": "Cleo"}, headers=if_match(ann.version)), 412, "stale")
    problem(admin.delete(ann.path, headers=if_match(ann.version)), 412, "stale")

    read = admin.get(ann.path)
    assert read.json()["name"] == "Bea"
    assert read.headers["ETag"] == now.headers["ETag"]


@pytest.mark.parametrize(
    "tags",
    [
        "*",
        "{version}",
        '"other", {version}',
        '{version}, "other"',
        '"other",{version},"another"',
        '"other"  ,\t{version}',
        '"with, comma", {version}',
        'W/"other", {version}',
        "W/{version}, {version}",
    ],
)
def test_tags_that_match(service: Service, admin: Caller, tags: str) -> None:
    ann = service.create()

    changed = admin.patch(ann.path, json={"name": "Bea"}, headers={"If-Match": tags.format(version=ann.version)})
    assert changed.status_code == 200

    deleted = admin.delete(ann.path, headers={"If-Match": tags.format(version=changed.headers["ETag"])})
    assert deleted.status_code == 204


@pytest.mark.parametrize(
    "tags",
    [
        '"other"',
        '""',
        '"other", "another"',
        '"*"',
        "W/{version}",  # RFC 9110, 13.1.1: If-Match compares strongly, and a weak tag never matches.
        'W/{version}, "other"',
        "w/{version}",
        "{bare}",
        '"{bare}',
        "'{bare}'",
        '"{bare} "',
        '"{bare}, {bare}"',
        '"0{bare}"',
        '"{bare}0"',
        "nonsense",
    ],
)
def test_tags_that_do_not_match(service: Service, admin: Caller, tags: str) -> None:
    ann = service.create()
    headers = {"If-Match": tags.format(version=ann.version, bare=ann.version.strip('"'))}

    problem(admin.patch(ann.path, json={"name": "Bea"}, headers=headers), 412, "stale")
    problem(admin.delete(ann.path, headers=headers), 412, "stale")

    assert admin.get(ann.path).headers["ETag"] == ann.version


def test_what_would_be_refused_anyway_is_said_first(service: Service, admin: Caller) -> None:
    """RFC 9110, 13.2.1: a condition is ignored when the answer without it would be no success."""
    ann = service.create()

    assert admin.patch(ann.path, json={"name": ""}, headers=if_match('"stale"')).status_code == 422
    assert admin.delete(ann.path).status_code == 204
    problem(admin.patch(ann.path, json={"name": "Bea"}, headers=if_match(ann.version)), 404, "not-found")
    problem(admin.delete(ann.path, headers=if_match(ann.version)), 404, "not-found")


def test_race_for_an_update(service: Service, admin: Caller) -> None:
    ann = service.create()
    version = ann.version

    for turn in range(5):

        def change(number: int, turn: int = turn, version: str = version) -> httpx.Response:
            return admin.patch(ann.path, json={"name": f"Ann {turn} {number}"}, headers=if_match(version))

        answers = admin.at_once(20, change)

        won = [answer for answer in answers if answer.status_code == 200]
        assert len(won) == 1
        for answer in answers:
            if answer.status_code != 200:
                problem(answer, 412, "stale")
        read = admin.get(ann.path)
        assert read.json() == won[0].json()
        version = won[0].headers["ETag"]
        assert read.headers["ETag"] == version


def test_race_between_update_and_deletion(service: Service, admin: Caller) -> None:
    for deletions in (1, 1, 1, 4, 4):
        ann = service.create()

        def change_or_delete(
            number: int, path: str = ann.path, version: str = ann.version, deletions: int = deletions
        ) -> int:
            if number >= 8 - deletions:
                return admin.delete(path, headers=if_match(version)).status_code
            return admin.patch(path, json={"name": f"Ann {number}"}, headers=if_match(version)).status_code

        statuses = admin.at_once(8, change_or_delete)

        assert sum(status in {200, 204} for status in statuses) == 1
        assert set(statuses) <= {200, 204, 404, 412}
