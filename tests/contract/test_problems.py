"""What goes wrong before anything is done: paths, methods, bodies that cannot be read; and how it is told.

That each problem has the right form is checked for every answer of the suite, by `client.py`.
"""

import itertools
import json

import pytest

from .client import (
    PROBLEM,
    REQUEST_ID,
    Caller,
    Service,
    canonical_document,
    media_type,
    new_user,
    wrong_fields,
)
from .documents import Json

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
JSON = {"Content-Type": "application/json"}

# Bodies of JSON, to whom they belong, and how they are sent.
WITH_BODIES = [
    ("POST", "/v1/users"),
    ("PATCH", "/v1/users/{id}"),
    ("POST", "/v1/auth/refresh"),
    ("POST", "/v1/auth/logout"),
]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/",
        "/v1/users/",
        "/v1/users/me/",
        "/v1/users/me/friends",
        "/v1/users/1/2",
        "/v2/users",
        "/users",
        "/v1/auth",
        "/v1/auth/token/x",
        "/livez/",
        "/.env",
        "/favicon.ico",
        "/v1/users%00",
        "/%E2%98%83",
        "/%FF",
        "/v1/..%2f..%2fetc%2fpasswd",
        f"/{'x' * 2000}",
    ],
)
def test_unknown_path(anyone: Caller, admin: Caller, path: str) -> None:
    for caller, method in itertools.product((anyone, admin), METHODS):
        answer = caller.request(method, path)

        assert answer.status_code == 404
        assert media_type(answer) == PROBLEM


def other_methods() -> list[tuple[str, str]]:
    paths = canonical_document()["paths"]
    return [
        (method, path)
        for path, item in paths.items()
        for method in (*METHODS, "OPTIONS", "TRACE")
        if method.lower() not in item and method != "HEAD"
    ]


@pytest.mark.parametrize(("method", "path"), other_methods())
def test_unknown_method(service: Service, admin: Caller, method: str, path: str) -> None:
    """`client.py` sees that `Allow` has the methods of the contract, all of them and no others."""
    answer = admin.request(method, path.format(user_id=service.create().id))

    assert answer.status_code == 405
    assert media_type(answer) == PROBLEM


def test_types_and_titles_belong_together(service: Service, anyone: Caller, admin: Caller) -> None:
    """A type has one title, and no two types have the same."""
    ann, session = service.sign_up()
    stale = {"If-Match": '"stale"'}
    answers = [
        anyone.get("/nowhere"),
        anyone.delete("/livez"),
        anyone.get("/v1/users/me"),
        service.try_to_sign_in(ann.email, "wrong"),
        session.caller.get("/v1/users"),
        admin.get("/v1/users/nobody"),
        admin.post("/v1/users", json=new_user(email=ann.email)),
        admin.patch(ann.path, json={"name": "Bea"}, headers=stale),
        admin.post("/v1/users", json={}),
    ]

    titles = {(answer.json()["type"], answer.json()["title"]) for answer in answers}

    assert len({title for _, title in titles}) == len({name for name, _ in titles}) == len(titles) >= 8


# ------------------------------------------------------------------------------ bodies

# In less than 100 kB, above which some frameworks do not even look at a body.

UNREADABLE = {
    "cut off": b'{"name": "Ann',
    "empty": b"",
    "blank": b"  \n",
    "not JSON": b"name=Ann",
    "single quotes": b"{'name': 'Ann'}",
    "trailing comma": b'{"name": "Ann",}',
    "two values": b'{"name": "Ann"} {}',
    "comment": b'{"name": "Ann"} // Ann',
    "control character": b'{"name": "Ann\n"}',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "half a character": b'{"name": "\xc3"}',
    "Latin-1": '{"name": "Zoë"}'.encode("latin-1"),
    "nested too deeply": b"[" * 45_000 + b"]" * 45_000,
    "objects nested too deeply": b'{"":' * 18_000 + b"1" + b"}" * 18_000,
    "nested without an end": b"[" * 90_000,
    "a null character": b"\x00",
    "XML": b"<name>Ann</name>",
}


def path_of(service: Service, path: str) -> str:
    return path.format(id=service.create().id) if "{" in path else path


@pytest.mark.parametrize(("method", "path"), WITH_BODIES)
@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable_body(service: Service, admin: Caller, method: str, path: str, content: bytes) -> None:
    answer = admin.request(method, path_of(service, path), content=content, headers=JSON)

    assert wrong_fields(answer) == {("body", "")}


@pytest.mark.parametrize(("method", "path"), WITH_BODIES)
@pytest.mark.parametrize("body", [None, True, 1, 1.5, "Ann", [], [{"name": "Ann"}]], ids=json.dumps)
def test_body_that_is_no_object(service: Service, admin: Caller, method: str, path: str, body: Json) -> None:
    answer = admin.request(method, path_of(service, path), content=json.dumps(body), headers=JSON)

    assert wrong_fields(answer) == {("body", "")}


@pytest.mark.parametrize(("method", "path"), WITH_BODIES)
def test_no_body(service: Service, admin: Caller, method: str, path: str) -> None:
    assert wrong_fields(admin.request(method, path_of(service, path))) == {("body", "")}


@pytest.mark.parametrize(("method", "path"), WITH_BODIES)
@pytest.mark.parametrize(
    "sent_as",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "nonsense", ""],
)
def test_json_sent_as_something_else(service: Service, admin: Caller, method: str, path: str, sent_as: str) -> None:
    """Only JSON that is called JSON is read, so that no form of another site can send it."""
    body = json.dumps(
        new_user() if path == "/v1/users" else {"refresh_token": "x"} if "auth" in path else {"name": "Bea"}
    )

    answer = admin.request(method, path_of(service, path), content=body, headers={"Content-Type": sent_as})

    # The contract leaves open which of the two is at fault.
    assert {(place, name.lower()) for place, name in wrong_fields(answer)} <= {("body", ""), ("header", "content-type")}


@pytest.mark.parametrize("sent_as", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_sent_as_json(admin: Caller, sent_as: str) -> None:
    body = json.dumps(new_user(name="Zoë 😀"), ensure_ascii=False).encode()

    answer = admin.post("/v1/users", content=body, headers={"Content-Type": sent_as})

    assert answer.status_code == 201
    assert answer.json()["name"] == "Zoë 😀"


@pytest.mark.parametrize(
    "name",
    [
        b"1" * 5000,
        b"-" + b"1" * 5000,
        b"1e999999",
        b"NaN",
        b"Infinity",
        b"[" * 400 + b"]" * 400,
        b'{"": {"": null}}',
    ],
    ids=["huge integer", "huge negative integer", "huge number", "NaN", "Infinity", "nested", "empty names"],
)
def test_odd_values(service: Service, admin: Caller, name: bytes) -> None:
    answer = admin.patch(service.create().path, content=b'{"name": ' + name + b"}", headers=JSON)

    # Some languages cannot even read them.
    assert wrong_fields(answer) in ({("body", "name")}, {("body", "")})


@pytest.mark.parametrize("value", [b'"\\ud800"', b'"\\udc00 Ann"', b'"\\ud800\\ud800"'])
def test_half_characters(service: Service, admin: Caller, value: bytes) -> None:
    """Halves of a surrogate pair are refused, or replaced as some languages do; but they break nothing."""
    ann = service.create()
    for field in (b"name", b"password", b"email"):
        answer = admin.patch(ann.path, content=b'{"%s": %s}' % (field, value), headers=JSON)
        assert answer.status_code in ({200, 422} if field == b"name" else {422})
    assert admin.get(ann.path).status_code == 200


@pytest.mark.parametrize(("method", "path"), WITH_BODIES)
@pytest.mark.parametrize("name", [b'"\\ud800"', b'"\\u0000"', b'""', b'"a.b"', b'"' + b"x" * 5000 + b'"'])
def test_odd_names_of_unknown_fields(service: Service, admin: Caller, method: str, path: str, name: bytes) -> None:
    known = b'"refresh_token": "x"' if "auth" in path else b'"name": "Ann"'

    answer = admin.request(method, path_of(service, path), content=b"{%s, %s: 1}" % (known, name), headers=JSON)

    assert wrong_fields(answer)


@pytest.mark.parametrize("path", ["/v1/auth/refresh", "/v1/auth/logout"])
@pytest.mark.parametrize("token", [b"\\ud800", b"a.\\ud800", b"\\udfff.a"])
def test_half_characters_in_tokens(anyone: Caller, path: str, token: bytes) -> None:
    answer = anyone.post(path, content=b'{"refresh_token": "%s"}' % token, headers=JSON)

    assert answer.status_code in ({401, 422} if path.endswith("refresh") else {204, 422})


# ------------------------------------------------------------------------------ request ids


@pytest.mark.parametrize("request_id", ["1", "a-b_c.D9", "0" * 128, "...", "9f0c3e4a-5b6d-4f00-8c1e-000000000000"])
def test_request_id_is_echoed(anyone: Caller, admin: Caller, request_id: str) -> None:
    headers = {"X-Request-ID": request_id}

    for answer in (
        anyone.get("/livez", headers=headers),
        admin.get("/v1/users/me", headers=headers),
        admin.get("/v1/users/nobody", headers=headers),
        anyone.get("/v1/users/me", headers=headers),
        anyone.get("/nowhere", headers=headers),
        anyone.delete("/livez", headers=headers),
        admin.post("/v1/users", json={}, headers=headers),
        anyone.post("/v1/auth/logout", json={"refresh_token": "x"}, headers=headers),
    ):
        # And `client.py` sees that a problem has it too.
        assert answer.headers.get_list("X-Request-ID") == [request_id]


@pytest.mark.parametrize(
    "request_id",
    [b"", b"two words", b"0" * 129, b"a/b", b"a:b", b"a,b", b"\xe4", b'"a"', b"<script>", b"a\tb", b"${x}"],
)
def test_bad_request_id_is_replaced(anyone: Caller, request_id: bytes) -> None:
    for path in ("/livez", "/v1/users/me", "/nowhere"):
        answer = anyone.get(path, headers={"X-Request-ID": request_id})

        assert REQUEST_ID.fullmatch(answer.headers["X-Request-ID"])
        assert answer.headers["X-Request-ID"].encode() != request_id


def test_request_ids_differ(anyone: Caller) -> None:
    assert len({anyone.get("/livez").headers["X-Request-ID"] for _ in range(20)}) == 20
