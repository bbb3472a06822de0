"""Users: creating, reading, changing and deleting them, as an admin."""

import uuid

import pytest

from .client import Caller, Service, new_email, new_password, new_user, pages, problem, without, wrong_fields
from .documents import Json

LONGEST_EMAIL = f"{'a' * 32}{uuid.uuid4().hex}@{'.'.join(['d' * 61] * 3)}.org"

GOOD_EMAILS = [
    "ann.o'neil+tag@mail.example.org",
    "!#$%&'*+/=?^_{|}~-@example.org",
    "a..b@example.org",
    "1@1.2",
]

BAD_EMAILS = [
    "",
    "ann",
    "@example.org",
    "ann@",
    "ann@example",
    "ann@example.",
    "ann@.org",
    "ann@-example.org",
    "ann@example-.org",
    "ann@exa_mple.org",
    "ann@@example.org",
    "ann@ann@example.org",
    "ann @example.org",
    " ann@example.org",
    "ann@example.org ",
    "ann@example.org\n",
    "ann@example.org\x00",
    '"ann"@example.org',
    "Ann <ann@example.org>",
    "ann@example.org,bob@example.org",
    "änn@example.org",
    "ann@exämple.org",
    f"{'a' * 65}@example.org",
    f"ann@{'d' * 64}.org",
    LONGEST_EMAIL.replace(".org", ".info"),
]

GOOD_NAMES = [
    "A",
    "李小龍",
    "Zoë  O'Neil-Núñez",
    "  Ann",
    "Ann ",
    "<b>{{ ann }}</b>",
    "'; DROP TABLE users; --",
    "😀",
    "n" * 100,
]
GOOD_NAMES += ["😀" * 100]  # Characters are counted, neither bytes nor halves of them.

BAD_NAMES = ["", " ", "   ", "Ann\n", "Ann\tExample", "\x00", "Ann\x7f", "Ann\x85", "\u0080Ann", "n" * 101, "😀" * 101]

NO_STRINGS: list[Json] = [None, True, 1, 1.5, [], ["Ann"], {}]

FIELDS = ["email", "name", "password"]


def test_create(admin: Caller) -> None:
    body = new_user()

    created = admin.post("/v1/users", json=body)

    assert created.status_code == 201
    user = created.json()
    assert user == {
        "id": user["id"],
        "email": body["email"],
        "name": body["name"],
        "role": "user",
        "created_at": user["created_at"],
    }
    found = admin.get(created.headers["Location"])  # Which may be relative or absolute.
    assert found.status_code == 200
    assert found.json() == user
    assert found.request.url.path == f"/v1/users/{user['id']}"
    assert found.headers["ETag"] == created.headers["ETag"]


@pytest.mark.parametrize("role", ["user", "admin"])
def test_create_with_a_role(service: Service, role: str) -> None:
    body = new_user(role=role)

    created = service.admin.post("/v1/users", json=body)

    assert created.status_code == 201
    assert created.json()["role"] == role
    listed = service.sign_in(body["email"], body["password"]).caller.get("/v1/users", params={"limit": 1})
    assert listed.status_code == (200 if role == "admin" else 403)


def test_ids_differ(service: Service) -> None:
    assert len({service.create().id for _ in range(10)}) == 10


def test_read(service: Service, admin: Caller) -> None:
    ann = service.create(name="Ann")

    read = admin.get(ann.path)

    assert read.status_code == 200
    assert read.json() == {
        "id": ann.id,
        "email": ann.email,
        "name": "Ann",
        "role": "user",
        "created_at": ann.created_at,
    }


def test_read_oneself(service: Service) -> None:
    ann, session = service.sign_up()

    me = session.caller.get("/v1/users/me")

    assert me.status_code == 200
    assert me.json()["id"] == ann.id
    assert me.json() == session.caller.get(ann.path).json()
    assert me.headers["ETag"] == ann.version


def test_list_holds_what_reading_answers(service: Service, admin: Caller) -> None:
    ann = service.create()

    listed = next(user for page in pages(admin, 100) for user in page if user["id"] == ann.id)

    assert listed == admin.get(ann.path).json()


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "user_id",
    [
        "nobody",
        "0",
        "-1",
        "99999999999999999999999999",
        "00000000-0000-4000-8000-000000000000",
        "000000000000000000000000",
        "me2",
        "%00",
        "%20",
        "%F0%9F%98%80",
        "%FF",
        "'%20OR%201=1--",
        "x" * 2000,
    ],
)
def test_nobody_has_this_id(admin: Caller, method: str, user_id: str) -> None:
    body = {"json": {"name": "Ann"}} if method == "PATCH" else {}

    answer = admin.request(method, f"/v1/users/{user_id}", **body)

    assert "errors" not in problem(answer, 404, "not-found")


# ------------------------------------------------------------------------------ what is accepted, and what is not


@pytest.mark.parametrize("email", GOOD_EMAILS)
def test_good_email(service: Service, admin: Caller, email: str) -> None:
    unique = f"{uuid.uuid4().hex[:20]}{email}"

    ann = service.create(email=unique)

    assert admin.get(ann.path).json()["email"] == unique
    ann.sign_in()


def test_longest_email(service: Service) -> None:
    assert len(LONGEST_EMAIL) == 254
    ann = service.create(email=LONGEST_EMAIL)
    ann.sign_in()


@pytest.mark.parametrize("email", BAD_EMAILS)
def test_bad_email(service: Service, admin: Caller, email: str) -> None:
    assert wrong_fields(admin.post("/v1/users", json=new_user(email=email))) == {("body", "email")}
    assert wrong_fields(admin.patch(service.create().path, json={"email": email})) == {("body", "email")}


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_good_name(service: Service, admin: Caller, name: str) -> None:
    ann = service.create(name=name)

    assert ann.name == name
    assert admin.get(ann.path).json()["name"] == name
    assert admin.patch(ann.path, json={"name": name}).json()["name"] == name


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_name(service: Service, admin: Caller, name: str) -> None:
    assert wrong_fields(admin.post("/v1/users", json=new_user(name=name))) == {("body", "name")}
    assert wrong_fields(admin.patch(service.create().path, json={"name": name})) == {("body", "name")}


@pytest.mark.parametrize("role", ["", "root", "Admin", "ADMIN", "user ", None, 1, True, ["admin"], {"admin": True}])
def test_bad_role(service: Service, admin: Caller, role: Json) -> None:
    ann = service.create()

    assert wrong_fields(admin.post("/v1/users", json=new_user(role=role))) == {("body", "role")}
    assert wrong_fields(admin.patch(ann.path, json={"role": role})) == {("body", "role")}
    assert admin.get(ann.path).json()["role"] == "user"


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", NO_STRINGS)
def test_what_is_no_string(service: Service, admin: Caller, field: str, value: Json) -> None:
    ann = service.create()

    assert wrong_fields(admin.post("/v1/users", json=new_user(**{field: value}))) == {("body", field)}
    assert wrong_fields(admin.patch(ann.path, json={field: value})) == {("body", field)}
    assert admin.get(ann.path).headers["ETag"] == ann.version


@pytest.mark.parametrize("field", FIELDS)
def test_missing_field(admin: Caller, field: str) -> None:
    assert wrong_fields(admin.post("/v1/users", json=without(new_user(), field))) == {("body", field)}


@pytest.mark.parametrize("field", ["id", "created_at", "is_admin", "Role", "email ", "passwordHash", "ETag", "$where"])
def test_unknown_field_is_refused_by_name(service: Service, admin: Caller, field: str) -> None:
    ann = service.create()

    assert wrong_fields(admin.post("/v1/users", json=new_user(**{field: "x"}))) == {("body", field)}
    assert wrong_fields(admin.patch(ann.path, json={field: "x"})) == {("body", field)}
    assert admin.get(ann.path).headers["ETag"] == ann.version


def test_current_password_is_no_field_of_a_new_user(admin: Caller) -> None:
    body = new_user(current_password=new_password())

    assert wrong_fields(admin.post("/v1/users", json=body)) == {("body", "current_password")}


def test_everything_that_is_wrong_is_named(admin: Caller) -> None:
    body = {"email": "ann", "name": "", "role": "root", "is_admin": True}

    answer = admin.post("/v1/users", json=body, headers={"Idempotency-Key": "not good"})

    assert {(place, field.lower()) for place, field in wrong_fields(answer)} == {
        ("body", "email"),
        ("body", "name"),
        ("body", "password"),
        ("body", "role"),
        ("body", "is_admin"),
        ("header", "idempotency-key"),
    }


# ------------------------------------------------------------------------------ one e-mail, one user


def test_email_is_answered_in_lower_case(service: Service, admin: Caller) -> None:
    email = new_email()

    ann = service.create(email=email.upper())

    assert ann.email == email
    assert admin.patch(ann.path, json={"email": email.title()}).json()["email"] == email


def test_known_email_is_taken_in_any_case(service: Service, admin: Caller) -> None:
    ann = service.create()

    for email in (ann.email, ann.email.upper(), ann.email.title()):
        answer = admin.post("/v1/users", json=new_user(email=email))
        problem(answer, 409, "email-taken")


def test_known_email_is_taken_for_a_change_too(service: Service, admin: Caller) -> None:
    ann = service.create()
    bob, session = service.sign_up()

    for caller in (admin, session.caller):
        for email in (ann.email, ann.email.upper()):
            problem(caller.patch(bob.path, json={"email": email, "name": "Bob"}), 409, "email-taken")

    read = admin.get(bob.path)
    assert read.json()["email"] == bob.email
    assert read.json()["name"] == bob.name
    assert read.headers["ETag"] == bob.version


def test_own_email_is_not_taken(service: Service, admin: Caller) -> None:
    ann = service.create()

    answer = admin.patch(ann.path, json={"email": ann.email.upper()})

    assert answer.status_code == 200
    assert answer.json()["email"] == ann.email


def test_email_is_free_after_a_change(service: Service, admin: Caller) -> None:
    ann = service.create()
    assert admin.patch(ann.path, json={"email": new_email()}).status_code == 200

    bob = service.create(email=ann.email)

    assert bob.id != ann.id


def test_email_is_free_after_a_deletion(service: Service, admin: Caller) -> None:
    ann = service.create()
    assert admin.delete(ann.path).status_code == 204

    bob = service.create(email=ann.email)

    assert bob.id != ann.id
    problem(admin.get(ann.path), 404, "not-found")
    problem(service.try_to_sign_in(ann.email, ann.password), 401, "wrong-credentials")


def test_race_for_an_email(admin: Caller) -> None:
    email = new_email()
    bodies = [new_user(email=email if number % 2 else email.upper()) for number in range(50)]

    answers = admin.at_once(50, lambda number: admin.post("/v1/users", json=bodies[number]))

    created = [answer.json() for answer in answers if answer.status_code == 201]
    assert len(created) == 1
    for answer in answers:
        if answer.status_code != 201:
            problem(answer, 409, "email-taken")
    assert admin.get(f"/v1/users/{created[0]['id']}").json() == created[0]


def test_race_for_an_email_by_change(service: Service, admin: Caller) -> None:
    email = new_email()
    people = [service.create() for _ in range(10)]

    answers = admin.at_once(10, lambda number: admin.patch(people[number].path, json={"email": email}))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9


# ------------------------------------------------------------------------------ changing and deleting


def test_change(service: Service, admin: Caller) -> None:
    ann = service.create()
    email = new_email()

    changed = admin.patch(ann.path, json={"name": "Bea", "email": email, "role": "admin"})

    assert changed.status_code == 200
    assert changed.json() == {
        "id": ann.id,
        "email": email,
        "name": "Bea",
        "role": "admin",
        "created_at": ann.created_at,
    }
    assert changed.json() == admin.get(ann.path).json()
    assert changed.headers["ETag"] == admin.get(ann.path).headers["ETag"] != ann.version


def test_changes_are_seen_at_once(service: Service, admin: Caller) -> None:
    ann, session = service.sign_up()

    for number in range(5):
        for reader in (admin, session.caller):
            assert reader.get(ann.path).status_code == 200  # Now it is in every cache.
        name = f"Ann {number}"
        assert admin.patch(ann.path, json={"name": name}).status_code == 200
        assert admin.get(ann.path).json()["name"] == name
        assert session.caller.get(ann.path).json()["name"] == name


def test_readers_at_the_time_of_a_change_leave_nothing_old_behind(service: Service, admin: Caller) -> None:
    ann = service.create()

    for number in range(10):
        body = {"name": f"Ann {number}"}
        admin.at_once(6, lambda turn, body=body: admin.patch(ann.path, json=body) if turn == 0 else admin.get(ann.path))
        assert admin.get(ann.path).json()["name"] == body["name"]


def test_deletion_is_seen_at_once(service: Service, admin: Caller) -> None:
    for _ in range(5):
        path = service.create().path
        admin.at_once(6, lambda turn, path=path: admin.delete(path) if turn == 0 else admin.get(path))
        problem(admin.get(path), 404, "not-found")


@pytest.mark.parametrize("change", [{"name": "Bea"}, {"role": "admin"}, {}])
def test_fields_that_are_left_out_stay(service: Service, admin: Caller, change: dict[str, str]) -> None:
    ann = service.create()
    before = admin.get(ann.path).json()

    changed = admin.patch(ann.path, json=change)

    assert changed.status_code == 200
    assert changed.json() == before | change
    ann.sign_in()


def test_changes_at_once_all_succeed(service: Service, admin: Caller) -> None:
    """Without If-Match, whatever is there is changed."""
    ann = service.create()

    answers = admin.at_once(10, lambda number: admin.patch(ann.path, json={"name": f"Ann {number}"}))

    assert [answer.status_code for answer in answers] == [200] * 10
    assert len({answer.headers["ETag"] for answer in answers}) == 10
    assert [answer.json()["name"] for answer in answers] == [f"Ann {number}" for number in range(10)]


def test_changes_of_different_fields_at_once_are_all_kept(service: Service, admin: Caller) -> None:
    ann = service.create()
    email = new_email()
    changes = [{"name": "Bea"}, {"email": email}, {"role": "admin"}]

    answers = admin.at_once(3, lambda number: admin.patch(ann.path, json=changes[number]))

    assert [answer.status_code for answer in answers] == [200] * 3
    assert admin.get(ann.path).json() == {
        "id": ann.id,
        "email": email,
        "name": "Bea",
        "role": "admin",
        "created_at": ann.created_at,
    }


def test_delete(service: Service, admin: Caller) -> None:
    ann = service.create()

    assert admin.delete(ann.path).status_code == 204

    problem(admin.get(ann.path), 404, "not-found")
    problem(admin.patch(ann.path, json={"name": "Ann"}), 404, "not-found")
    problem(admin.delete(ann.path), 404, "not-found")
    assert ann.id not in {user["id"] for user in admin.get("/v1/users", params={"limit": 100}).json()["items"]}


def test_delete_at_once_happens_once(service: Service, admin: Caller) -> None:
    ann = service.create()

    answers = admin.at_once(10, lambda _: admin.delete(ann.path))

    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 9
