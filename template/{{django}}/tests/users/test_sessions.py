import bcrypt
import pytest

from service.users.models import Session, User
from tests.people import PASSWORD, Answer, Caller, Person


def sign_in(caller: Caller, **form: str) -> Answer:
    return caller.call("POST", "/v1/auth/token", form=form)


def test_a_session_from_its_beginning_to_its_end(anyone: Caller, ann: Person) -> None:
    signed_in = sign_in(anyone, username="Ann@example.org", password=PASSWORD)
    assert signed_in.status == 200
    pair = signed_in.json()
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (pair["token_type"], pair["expires_in"]) == ("bearer", 900)

    refreshed = anyone.call("POST", "/v1/auth/refresh", {"refresh_token": pair["refresh_token"]})
    assert refreshed.status == 200
    pair = refreshed.json()
    me = anyone.call("GET", "/v1/users/me", headers={"Authorization": f"bearer {pair['access_token']}"})
    assert me.json()["id"] == ann.id

    signed_out = anyone.call("POST", "/v1/auth/logout", {"refresh_token": pair["refresh_token"]})
    assert (signed_out.status, signed_out.content) == (204, b"")
    refused = anyone.call("POST", "/v1/auth/refresh", {"refresh_token": pair["refresh_token"]})
    assert (refused.status, refused.problem) == (401, "invalid-token")


def test_a_refresh_token_that_is_used_twice_ends_its_session(anyone: Caller, ann: Person) -> None:
    first = {"refresh_token": ann.tokens.refresh_token}
    second = {"refresh_token": anyone.call("POST", "/v1/auth/refresh", first).json()["refresh_token"]}

    assert anyone.call("POST", "/v1/auth/refresh", first).status == 401
    assert anyone.call("POST", "/v1/auth/refresh", second).status == 401
    assert not Session.objects.filter(user=ann.user).exists()


def test_a_wrong_password_is_answered_like_an_unknown_account(anyone: Caller, ann: Person) -> None:
    bodies = []
    for username in (ann.user.email, "nobody@example.org", "a\0b"):
        refused = sign_in(anyone, username=username, password="wrong")
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        bodies.append(refused.json() | {"request_id": ""})

    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["type"] == "urn:problem-type:wrong-credentials"


@pytest.mark.parametrize("long_password", [PASSWORD, "\N{SNOWMAN}" * 40])
def test_a_hash_of_another_system_is_replaced_at_sign_in(anyone: Caller, ann: Person, long_password: str) -> None:
    plain = bcrypt.hashpw(long_password.encode()[:72], bcrypt.gensalt(4)).decode()
    User.objects.filter(id=ann.user.id).update(password=plain)

    assert sign_in(anyone, username=ann.user.email, password="wrong").status == 401
    assert sign_in(anyone, username=ann.user.email, password=long_password).status == 200
    replaced = User.objects.get(id=ann.user.id).password
    assert replaced.startswith("bcrypt_sha256$$2b$04$")
    assert sign_in(anyone, username=ann.user.email, password=long_password).status == 200
    assert User.objects.get(id=ann.user.id).password == replaced  # It is good enough now.


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"username": "ann@example.org"}, "password"),
        ({"password": PASSWORD}, "username"),
        ({"username": "ann@example.org", "password": "x" * 129}, "password"),
        ({"username": "ann@example.org", "password": PASSWORD, "grant_type": "implicit"}, "grant_type"),
    ],
)
def test_a_form_that_is_wrong_is_answered_with_the_field(anyone: Caller, form: dict[str, str], field: str) -> None:
    refused = sign_in(anyone, **form)

    assert (refused.status, refused.wrong) == (422, [("form", field)])


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "bearer a b"])
def test_without_a_good_token_nothing_is_told(anyone: Caller, header: str) -> None:
    for method, path in (("GET", "/v1/users"), ("GET", "/v1/users/me"), ("DELETE", "/v1/users/x")):
        refused = anyone.call(method, path, headers={"Authorization": header})

        assert (refused.status, refused.problem) == (401, "invalid-token")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert ("is needed" in refused.json()["detail"]) == (header in {"", "Bearer", "Bearer ", "Basic YTpi"})


@pytest.mark.parametrize("path", ["/v1/auth/refresh", "/v1/auth/logout"])
@pytest.mark.parametrize(
    "body", [{}, {"refresh_token": None}, {"refresh_token": ""}, {"refresh_token": "a.b", "extra": 1}, [], "a.b"]
)
def test_a_body_holds_a_refresh_token_and_nothing_else(anyone: Caller, path: str, body: object) -> None:
    assert anyone.call("POST", path, body).status == 422
