"""Signing in, staying signed in, signing out."""

import pytest

from .client import Caller, Service, new_email, new_password, problem, wrong_fields

TOKEN = "/v1/auth/token"


def form(**fields: str) -> dict[str, str]:
    return {"username": new_email(), "password": new_password(), **fields}


def test_sign_in(service: Service) -> None:
    ann = service.create()

    answer = service.try_to_sign_in(ann.email, ann.password)

    assert answer.status_code == 200
    pair = answer.json()
    assert pair["token_type"] == "bearer"
    assert pair["expires_in"] > 0
    assert pair["access_token"] != pair["refresh_token"]
    me = service.anyone.with_token(pair["access_token"]).get("/v1/users/me")
    assert me.json()["id"] == ann.id


def test_email_in_any_case(service: Service) -> None:
    ann = service.create()

    for email in (ann.email.upper(), ann.email.title()):
        assert service.sign_in(email, ann.password).caller.get("/v1/users/me").json()["id"] == ann.id


@pytest.mark.parametrize(
    "more",
    [
        {"grant_type": "password"},
        {"scope": "users:read"},
        {"client_id": "a", "client_secret": "b"},
        {"is_admin": "true"},
    ],
)
def test_other_fields_of_the_form_are_ignored(service: Service, more: dict[str, str]) -> None:
    ann = service.create()

    answer = service.anyone.post(TOKEN, data={"username": ann.email, "password": ann.password, **more})

    assert answer.status_code == 200


def test_unknown_account_is_answered_like_a_wrong_password(service: Service) -> None:
    ann = service.create()

    wrong = service.try_to_sign_in(ann.email, new_password())
    unknown = service.try_to_sign_in(new_email(), new_password())

    told = problem(wrong, 401, "wrong-credentials")
    assert told | {"request_id": ""} == problem(unknown, 401, "wrong-credentials") | {"request_id": ""}
    assert wrong.headers["WWW-Authenticate"] == unknown.headers["WWW-Authenticate"]
    assert wrong.headers.keys() == unknown.headers.keys()


@pytest.mark.parametrize("username", ["ann", "ann@", "@", "*", "%", "' OR 1=1 --", "\x00", "😀", " ", "a" * 254])
def test_what_is_no_email_is_an_unknown_account(service: Service, username: str) -> None:
    problem(service.try_to_sign_in(username, new_password()), 401, "wrong-credentials")


def test_other_peoples_passwords_are_wrong(service: Service) -> None:
    ann, bob = service.create(), service.create()

    problem(service.try_to_sign_in(ann.email, bob.password), 401, "wrong-credentials")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        (form(username=""), "username"),
        (form(username="a" * 255), "username"),
        (form(password=""), "password"),
        (form(password="p" * 129), "password"),
        (form(grant_type="client_credentials"), "grant_type"),
        (form(grant_type="Password"), "grant_type"),
        (form(grant_type="refresh_token"), "grant_type"),
    ],
)
def test_bad_field(anyone: Caller, fields: dict[str, str], wrong: str) -> None:
    assert wrong_fields(anyone.post(TOKEN, data=fields)) == {("form", wrong)}


@pytest.mark.parametrize("field", ["username", "password"])
def test_missing_field(anyone: Caller, field: str) -> None:
    fields = form()
    del fields[field]

    assert wrong_fields(anyone.post(TOKEN, data=fields)) == {("form", field)}


@pytest.mark.parametrize(
    "request_body",
    [
        {},
        {"content": b""},
        {"json": form()},
        {"content": b"username=ann&password=a-long-password", "headers": {"Content-Type": "text/plain"}},
        {"content": b"&&&===", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    ],
    ids=["nothing", "empty", "json", "text", "no fields"],
)
def test_what_is_no_form(anyone: Caller, request_body: dict[str, object]) -> None:
    assert wrong_fields(anyone.post(TOKEN, **request_body))


@pytest.mark.parametrize(
    "content",
    [
        b"username=%FF&password=%FE%FF%00%00%00%00%00%00%00%00%00",
        b"username=%&password=%zz",
        b"username=a&username=b&password=p",
    ],
)
def test_odd_forms_are_refused(anyone: Caller, content: bytes) -> None:
    answer = anyone.post(TOKEN, content=content, headers={"Content-Type": "application/x-www-form-urlencoded"})

    assert answer.status_code in {401, 422}


def test_a_file_is_no_password(anyone: Caller) -> None:
    answer = anyone.post(
        TOKEN, data={"username": new_email()}, files={"password": ("password.txt", b"a-long-password")}
    )

    assert answer.status_code in {401, 422}


def test_a_new_email_is_what_one_signs_in_with(service: Service, admin: Caller) -> None:
    ann = service.create()
    email = new_email()
    assert admin.patch(ann.path, json={"email": email}).status_code == 200

    service.sign_in(email, ann.password)
    problem(service.try_to_sign_in(ann.email, ann.password), 401, "wrong-credentials")


# ------------------------------------------------------------------------------ refreshing


def test_refresh_answers_the_next_pair(service: Service) -> None:
    ann, first = service.sign_up()

    second = service.refresh(first.refresh_token)
    third = service.refresh(second.refresh_token)

    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    for session in (first, second, third):
        assert session.caller.get("/v1/users/me").json()["id"] == ann.id


def test_using_a_refresh_token_twice_ends_the_session(service: Service) -> None:
    ann, first = service.sign_up()
    other = ann.sign_in()
    second = service.refresh(first.refresh_token)
    third = service.refresh(second.refresh_token)

    problem(service.try_to_refresh(first.refresh_token), 401, "invalid-token")

    for session in (first, second, third):
        problem(service.try_to_refresh(session.refresh_token), 401, "invalid-token")
    service.refresh(other.refresh_token)  # Another sign-in is another session.


def test_the_newest_token_is_refused_right_after_reuse(service: Service) -> None:
    _, first = service.sign_up()
    second = service.refresh(first.refresh_token)

    problem(service.try_to_refresh(first.refresh_token), 401, "invalid-token")
    problem(service.try_to_refresh(second.refresh_token), 401, "invalid-token")


def test_race_for_a_refresh_token(service: Service) -> None:
    _, session = service.sign_up()

    answers = service.anyone.at_once(10, lambda _: service.try_to_refresh(session.refresh_token))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9
    for answer in answers:
        if answer.status_code == 200:
            # The others have used the same token, so this is a theft.
            problem(service.try_to_refresh(answer.json()["refresh_token"]), 401, "invalid-token")
        else:
            problem(answer, 401, "invalid-token")


def test_tokens_are_not_taken_for_each_other(service: Service) -> None:
    _, session = service.sign_up()

    problem(service.try_to_refresh(session.access_token), 401, "invalid-token")
    problem(service.anyone.with_token(session.refresh_token).get("/v1/users/me"), 401, "invalid-token")
    service.refresh(session.refresh_token)  # Neither of which has harmed the session.


@pytest.mark.parametrize("token", ["x", " ", "a.b.c", "\x00", "😀", "' OR 1=1 --", "x" * 512])
def test_forged_refresh_token(service: Service, token: str) -> None:
    problem(service.try_to_refresh(token), 401, "invalid-token")


def test_tampered_refresh_token(service: Service) -> None:
    _, session = service.sign_up()
    token = session.refresh_token
    middle = len(token) // 2

    for forged in (
        f"{token}x",
        token[:-4],
        token[1:],
        token[:middle] + ("a" if token[middle] != "a" else "b") + token[middle + 1 :],
    ):
        problem(service.try_to_refresh(forged), 401, "invalid-token")


@pytest.mark.parametrize("path", ["/v1/auth/refresh", "/v1/auth/logout"])
@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"refresh_token"}),
        ({"refresh_token": None}, {"refresh_token"}),
        ({"refresh_token": ""}, {"refresh_token"}),
        ({"refresh_token": 1}, {"refresh_token"}),
        ({"refresh_token": ["x"]}, {"refresh_token"}),
        ({"refresh_token": "x" * 513}, {"refresh_token"}),
        ({"refresh_token": "x", "grant_type": "refresh_token"}, {"grant_type"}),
        ({"token": "x"}, {"token", "refresh_token"}),
        ([], {""}),
        (None, {""}),
    ],
)
def test_bad_body(anyone: Caller, path: str, body: object, wrong: set[str]) -> None:
    assert wrong_fields(anyone.post(path, json=body)) == {("body", name) for name in wrong}


# ------------------------------------------------------------------------------ signing out


def test_sign_out_ends_the_session(service: Service) -> None:
    ann, first = service.sign_up()
    other = ann.sign_in()
    second = service.refresh(first.refresh_token)

    answer = service.anyone.post("/v1/auth/logout", json={"refresh_token": second.refresh_token})

    assert answer.status_code == 204
    for session in (second, first):
        problem(service.try_to_refresh(session.refresh_token), 401, "invalid-token")
    service.refresh(other.refresh_token)


def test_signing_out_with_an_earlier_token_ends_the_session_too(service: Service) -> None:
    _, first = service.sign_up()
    second = service.refresh(first.refresh_token)

    answer = service.anyone.post("/v1/auth/logout", json={"refresh_token": first.refresh_token})

    assert answer.status_code == 204
    problem(service.try_to_refresh(second.refresh_token), 401, "invalid-token")


def test_signing_out_with_a_dead_token_is_answered_in_the_same_way(service: Service) -> None:
    ann, session = service.sign_up()
    other = ann.sign_in()

    for token in (session.refresh_token, session.refresh_token, "x", "a.b.c", "\x00", "x" * 512, session.access_token):
        assert service.anyone.post("/v1/auth/logout", json={"refresh_token": token}).status_code == 204

    service.refresh(other.refresh_token)
