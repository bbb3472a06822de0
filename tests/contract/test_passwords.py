"""Passwords: any characters, every one of which counts."""

import pytest

from .client import Caller, Service, new_email, new_password, new_user, problem, wrong_fields
from .documents import Json

PASSWORDS = [
    "p" * 128,
    "😀" * 12,  # Characters are counted, neither bytes nor halves of them.
    "😀" * 128,
    "€" * 128,
    " " * 12,
    "  leading and trailing blanks  ",
    "tab\tnew line\r\nand so on",
    "before\x00after the null character",
    "\x00" * 12,
    "пароль-пароль-пароль",
    "パスワードパスワードパスワード",
    "e\u0301" * 10,
    "\u202eright to left\u202c",
    "+&=%20;?#/\\\"'<>",
    "$2b$04$........................................",
]

DIFFERENT = [
    ("p" * 127 + "a", "p" * 127 + "b"),
    ("p" * 72 + "a", "p" * 72 + "b"),  # bcrypt reads 72 bytes.
    ("😀" * 127 + "a", "😀" * 127 + "b"),
    ("😀" * 18 + "a" * 12, "😀" * 18 + "b" * 12),
    ("a" * 12 + "\x00" + "a" * 12, "a" * 12 + "\x00" + "b" * 12),  # C strings end there.
    ("correct horse battery", "correct horse battery "),
    (" correct horse battery", "correct horse battery"),
    ("correct horse battery", "Correct horse battery"),
    ("correct horse battery", "correct horse batterý"),
    ("a" * 12, "a" * 13),
    ("p" * 128, "p" * 127),
    ("correct horse battery\n", "correct horse battery"),
    ("correct+horse+battery", "correct horse battery"),
]


def shown(password: str) -> str:
    return ascii(password)[:24]


@pytest.mark.parametrize("password", PASSWORDS, ids=shown)
def test_any_characters(service: Service, password: str) -> None:
    ann = service.create(password=password)

    ann.sign_in()


@pytest.mark.parametrize(("right", "wrong"), DIFFERENT, ids=shown)
def test_every_character_counts(service: Service, right: str, wrong: str) -> None:
    ann = service.create(password=right)

    ann.sign_in()
    problem(service.try_to_sign_in(ann.email, wrong), 401, "wrong-credentials")


def test_the_last_character_counts_in_a_change_too(service: Service) -> None:
    ann, session = service.sign_up(password="p" * 127 + "a")

    wrong = {"password": new_password(), "current_password": "p" * 127 + "b"}
    assert wrong_fields(session.caller.patch(ann.path, json=wrong)) == {("body", "current_password")}
    right = {"password": "q" * 127 + "a", "current_password": ann.password}
    assert session.caller.patch(ann.path, json=right).status_code == 200
    service.sign_in(ann.email, "q" * 127 + "a")
    problem(service.try_to_sign_in(ann.email, "q" * 127 + "b"), 401, "wrong-credentials")


@pytest.mark.parametrize("password", ["", "p", "p" * 11, "😀" * 11, "p" * 129, "😀" * 129, "p" * 10_000], ids=len)
def test_too_short_or_too_long(service: Service, admin: Caller, password: str) -> None:
    ann = service.create()

    assert wrong_fields(admin.post("/v1/users", json=new_user(password=password))) == {("body", "password")}
    assert wrong_fields(admin.patch(ann.path, json={"password": password})) == {("body", "password")}
    ann.sign_in()


def test_new_password(service: Service, admin: Caller) -> None:
    ann = service.create()
    password = new_password()

    assert admin.patch(ann.path, json={"password": password}).status_code == 200

    service.sign_in(ann.email, password)
    problem(service.try_to_sign_in(ann.email, ann.password), 401, "wrong-credentials")


@pytest.mark.parametrize("role", ["user", "admin"])
def test_own_password_needs_the_current_one(service: Service, role: str) -> None:
    ann, session = service.sign_up("admin" if role == "admin" else "user")
    password = new_password()

    for body in (
        {"password": password},
        {"password": password, "current_password": new_password()},
        {"password": password, "current_password": password},
    ):
        assert wrong_fields(session.caller.patch(ann.path, json=body)) == {("body", "current_password")}
    assert service.admin.get(ann.path).headers["ETag"] == ann.version

    body = {"password": password, "current_password": ann.password}
    assert session.caller.patch(ann.path, json=body).status_code == 200
    service.sign_in(ann.email, password)
    problem(service.try_to_sign_in(ann.email, ann.password), 401, "wrong-credentials")


@pytest.mark.parametrize("value", [None, "", 1, [], "p" * 129])
def test_bad_current_password(service: Service, value: Json) -> None:
    ann, session = service.sign_up()

    body = {"password": new_password(), "current_password": value}

    assert wrong_fields(session.caller.patch(ann.path, json=body)) == {("body", "current_password")}
    ann.sign_in()


def test_other_fields_need_no_password(service: Service) -> None:
    ann, session = service.sign_up()

    assert session.caller.patch(ann.path, json={"name": "Bea", "email": new_email()}).status_code == 200


def test_a_refused_change_changes_nothing(service: Service) -> None:
    ann, session = service.sign_up()
    bob = service.create()
    body = {"password": new_password(), "current_password": ann.password, "email": bob.email}

    problem(session.caller.patch(ann.path, json=body), 409, "email-taken")

    ann.sign_in()


def test_passwords_are_not_answered(service: Service, admin: Caller) -> None:
    """In no answer, not even in one that says what is wrong with them; `client.py` looks into all others too."""
    ann, session = service.sign_up()
    secret = "unforgettable-" + "x" * 200

    answers = [
        admin.post("/v1/users", json=new_user(password=secret)),
        admin.post("/v1/users", json=new_user(password=[secret])),
        admin.post("/v1/users", json=new_user(password={"secret": secret})),
        admin.post("/v1/users", json=[new_user(password=secret)]),
        admin.post("/v1/users", json=new_user(password=secret[:100], name="")),
        admin.patch(ann.path, json={"password": secret}),
        session.caller.patch(ann.path, json={"password": secret[:100], "current_password": secret}),
        session.caller.patch(ann.path, json={"password": secret[:100], "current_password": secret[:100]}),
        service.try_to_sign_in(ann.email, secret),
        service.try_to_sign_in(ann.email, secret[:100]),
    ]

    for answer in answers:
        assert answer.is_client_error
        assert "unforgettable" not in answer.text
