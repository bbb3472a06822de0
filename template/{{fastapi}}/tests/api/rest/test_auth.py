import pytest
from httpx import AsyncClient

from tests.people import PASSWORD, Person


async def test_a_session_from_its_beginning_to_its_end(anyone: AsyncClient, ann: Person) -> None:
    signed_in = await anyone.post("/v1/auth/token", data={"username": "Ann@example.org", "password": PASSWORD})
    assert signed_in.status_code == 200
    pair = signed_in.json()
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (pair["token_type"], pair["expires_in"]) == ("bearer", 900)

    refreshed = await anyone.post("/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert refreshed.status_code == 200
    pair = refreshed.json()
    me = await anyone.get("/v1/users/me", headers={"Authorization": f"bearer {pair['access_token']}"})
    assert me.json()["id"] == ann.user.id

    signed_out = await anyone.post("/v1/auth/logout", json={"refresh_token": pair["refresh_token"]})
    assert (signed_out.status_code, signed_out.content) == (204, b"")
    refused = await anyone.post("/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert refused.status_code == 401
    assert refused.json()["type"] == "urn:problem-type:invalid-token"


async def test_a_wrong_password_is_answered_like_an_unknown_account(anyone: AsyncClient, ann: Person) -> None:
    bodies = []
    for username in (ann.user.email, "nobody@example.org"):
        response = await anyone.post("/v1/auth/token", data={"username": username, "password": "wrong"})
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        bodies.append(response.json() | {"request_id": ""})

    assert bodies[0] == bodies[1]
    assert bodies[0]["type"] == "urn:problem-type:wrong-credentials"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"username": "ann@example.org"}, "password"),
        ({"password": PASSWORD}, "username"),
        ({"username": "ann@example.org", "password": "x" * 129}, "password"),
        ({"username": "ann@example.org", "password": PASSWORD, "grant_type": "implicit"}, "grant_type"),
    ],
)
async def test_a_form_that_is_wrong_is_answered_with_the_field(
    anyone: AsyncClient, form: dict[str, str], field: str
) -> None:
    response = await anyone.post("/v1/auth/token", data=form)

    assert response.status_code == 422
    assert [(each["in"], each["field"]) for each in response.json()["errors"]] == [("form", field)]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "bearer a b"])
async def test_without_a_good_token_nothing_is_told(anyone: AsyncClient, header: str) -> None:
    for method, path in (("GET", "/v1/users"), ("GET", "/v1/users/me"), ("DELETE", "/v1/users/x")):
        response = await anyone.request(method, path, headers={"Authorization": header})

        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert response.json()["type"] == "urn:problem-type:invalid-token"
        assert ("is needed" in response.json()["detail"]) == (header in {"", "Bearer", "Bearer ", "Basic YTpi"})


@pytest.mark.parametrize("path", ["/v1/auth/refresh", "/v1/auth/logout"])
@pytest.mark.parametrize(
    "body", [{}, {"refresh_token": None}, {"refresh_token": ""}, {"refresh_token": "a.b", "extra": 1}, [], "a.b"]
)
async def test_a_body_holds_a_refresh_token_and_nothing_else(anyone: AsyncClient, path: str, body: object) -> None:
    assert (await anyone.post(path, json=body)).status_code == 422
