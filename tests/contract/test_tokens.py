"""Access tokens: what is none, and that they stop working at once."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator

import pytest

from .client import Caller, Person, Service, Session, new_password, problem
from .documents import Node

PROTECTED = [
    ("GET", "/v1/users"),
    ("POST", "/v1/users"),
    ("GET", "/v1/users/me"),
    ("GET", "/v1/users/nobody"),
    ("PATCH", "/v1/users/nobody"),
    ("DELETE", "/v1/users/nobody"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_without_a_token(anyone: Caller, method: str, path: str) -> None:
    body = {"json": {"name": "Ann"}} if method in {"POST", "PATCH"} else {}

    problem(anyone.request(method, path, **body), 401, "invalid-token")


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_with_a_forged_token(anyone: Caller, method: str, path: str) -> None:
    body = {"json": {"name": "Ann"}} if method in {"POST", "PATCH"} else {}

    answer = anyone.with_token("forged").request(method, path, **body)

    problem(answer, 401, "invalid-token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]  # RFC 6750, 3.1


@pytest.mark.parametrize("path", ["/v1/users/me", "/v1/users"])
@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "{token}",
        "Basic {token}",
        "Basic YW5uOnBhc3N3b3Jk",
        "Token {token}",
        "Bearer{token}",
        "Bearer: {token}",
        'Bearer "{token}"',
        "Bearer Bearer {token}",
        "Bearer {token} {token}",
        "Bearer {token},",
        "Bearer {token}, Bearer {token}",
        "Bearer null",
        "Bearer undefined",
        "Bearer \u00e4\u00ff",
        "Bearer x.y.z",
        "Bearer ..",
        "Bearer " + "x" * 4000,
    ],
)
def test_odd_authorization_header(anyone: Caller, admin: Caller, header: str, path: str) -> None:
    token = admin.access_token or ""

    answer = anyone.get(path, headers={"Authorization": header.format(token=token).encode("latin-1")})

    problem(answer, 401, "invalid-token")


def test_scheme_in_any_case(service: Service) -> None:
    """RFC 9110, 11.1: the scheme is compared without regard to case."""
    _, session = service.sign_up()

    for scheme in ("Bearer", "bearer", "BEARER"):
        header = {"Authorization": f"{scheme} {session.access_token}"}
        assert service.anyone.get("/v1/users/me", headers=header).status_code == 200


def test_token_elsewhere_does_not_count(service: Service, admin: Caller) -> None:
    token = admin.access_token or ""

    problem(service.anyone.get("/v1/users/me", params={"access_token": token}), 401, "invalid-token")
    problem(service.anyone.get("/v1/users/me", headers={"Cookie": f"access_token={token}"}), 401, "invalid-token")


# ------------------------------------------------------------------------------ forgeries


def encode(part: Node | bytes) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(token: str) -> Node:
    """The claims of a token, or some that it might have, if it is no JSON Web Token."""
    try:
        part = token.split(".")[1]
        claims: Node = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        claims = {"sub": "1", "iat": int(time.time()), "exp": int(time.time()) + 900}
    return claims


def signed(claims: Node, key: bytes, algorithm: str = "HS256") -> str:
    text = f"{encode({'alg': algorithm, 'typ': 'JWT'})}.{encode(claims)}"
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    return f"{text}.{encode(hmac.new(key, text.encode(), digest).digest())}"


def forgeries(token: str) -> Iterator[tuple[str, str]]:
    claims = decode(token)
    signature = token.rpartition(".")[2]
    for algorithm in ("none", "None", "NONE", ""):
        unsigned = f"{encode({'alg': algorithm, 'typ': 'JWT'})}.{encode(claims)}"
        yield f"alg {algorithm!r}", f"{unsigned}."
        yield f"alg {algorithm!r} without a signature", unsigned
        yield f"alg {algorithm!r} with the signature", f"{unsigned}.{signature}"
    for key in (b"", b"secret", b"changeme", b"change-me", b"your-256-bit-secret", b"development", b"key"):
        for algorithm in ("HS256", "HS384", "HS512"):
            yield f"signed with {key!r} by {algorithm}", signed(claims, key, algorithm)
    hour_ago = {"iat": int(time.time()) - 4500, "exp": int(time.time()) - 3600}
    yield "long expired", signed(claims | hour_ago, b"secret")
    changes: list[Node] = [{"sub": "1"}, {"role": "admin"}, {"exp": int(time.time()) + 10**6}, {"exp": None}]
    for change in changes:
        changed = encode(claims | change)
        yield f"changed to {change}", f"{token.partition('.')[0]}.{changed}.{signature}"
    for position in range(0, len(token) - 4, 7):
        other = "A" if token[position] != "A" else "B"
        yield f"another character {position}", token[:position] + other + token[position + 1 :]
    yield from {
        "longer": f"{token}A",
        "much longer": f"{token}.{token}",
        "shorter": token[:-4],
        "without the signature": token.rpartition(".")[0],
        "with an empty signature": token.rpartition(".")[0] + ".",
        "upper case": token.upper(),
    }.items()


def test_forged_tokens(service: Service) -> None:
    ann, session = service.sign_up("admin")

    for what, token in forgeries(session.access_token):
        answer = service.anyone.with_token(token).get("/v1/users/me")
        assert answer.status_code == 401, what
        problem(answer, 401, "invalid-token")

    assert session.caller.get("/v1/users/me").json()["id"] == ann.id


# ------------------------------------------------------------------------------ the end of tokens


def delete(service: Service, person: Person, _: Session) -> None:
    assert service.admin.delete(person.path).status_code == 204


def delete_oneself(_: Service, person: Person, session: Session) -> None:
    assert session.caller.delete(person.path).status_code == 204


def change_password(service: Service, person: Person, _: Session) -> None:
    assert service.admin.patch(person.path, json={"password": new_password()}).status_code == 200


def change_own_password(_: Service, person: Person, session: Session) -> None:
    body = {"password": new_password(), "current_password": person.password}
    assert session.caller.patch(person.path, json=body).status_code == 200


def promote(service: Service, person: Person, _: Session) -> None:
    assert service.admin.patch(person.path, json={"role": "admin"}).status_code == 200


def demote(service: Service, person: Person, _: Session) -> None:
    # Made an admin before, by `test_tokens_stop_at_once`.
    assert service.admin.patch(person.path, json={"role": "user"}).status_code == 200


@pytest.mark.parametrize("end", [delete, delete_oneself, change_password, change_own_password, promote, demote])
def test_tokens_stop_at_once(service: Service, end: Callable[[Service, Person, Session], None]) -> None:
    ann = service.create("admin" if end is demote else "user")
    sessions = [ann.sign_in(), ann.sign_in()]
    sessions.append(service.refresh(sessions[1].refresh_token))
    for session in sessions:
        assert session.caller.get("/v1/users/me").status_code == 200  # Now they are in every cache, too.

    end(service, ann, sessions[0])

    for session in sessions:
        for path in ("/v1/users/me", ann.path, "/v1/users"):
            problem(session.caller.get(path), 401, "invalid-token")
        problem(session.caller.patch(ann.path, json={"name": "Still here"}), 401, "invalid-token")
        problem(service.try_to_refresh(session.refresh_token), 401, "invalid-token")


def test_tokens_stop_at_once_while_they_are_in_use(service: Service) -> None:
    """A reader that looks the user up just before the deletion must not bring them back into a cache."""
    ann, session = service.sign_up()

    def read_or_delete(number: int) -> int:
        if number == 5:
            return service.admin.delete(ann.path).status_code
        return [session.caller.get("/v1/users/me").status_code for _ in range(5)][-1]

    answers = service.admin.at_once(10, read_or_delete)

    assert answers[5] == 204
    assert set(answers) <= {200, 204, 401}
    for _ in range(5):
        problem(session.caller.get("/v1/users/me"), 401, "invalid-token")


def test_a_demoted_admin_may_no_longer_do_it(service: Service) -> None:
    ann, session = service.sign_up("admin")
    assert session.caller.get("/v1/users", params={"limit": 1}).status_code == 200

    demote(service, ann, session)

    problem(session.caller.get("/v1/users"), 401, "invalid-token")
    problem(ann.sign_in().caller.get("/v1/users"), 403, "forbidden")


@pytest.mark.parametrize("change", [{"name": "Bea"}, {"role": "user"}, {}])
def test_other_changes_leave_tokens_alone(service: Service, change: dict[str, str]) -> None:
    ann, session = service.sign_up()

    assert service.admin.patch(ann.path, json=change).status_code == 200

    assert session.caller.get("/v1/users/me").status_code == 200
    service.refresh(session.refresh_token)


def test_a_new_email_leaves_tokens_alone(service: Service) -> None:
    ann, session = service.sign_up()

    assert service.admin.patch(ann.path, json={"email": ann.email.replace("ann", "bea")}).status_code == 200

    assert session.caller.get("/v1/users/me").json()["email"].startswith("bea")
    service.refresh(session.refresh_token)


def test_refused_changes_leave_tokens_alone(service: Service) -> None:
    ann, session = service.sign_up()

    assert service.admin.patch(ann.path, json={"password": "too short"}).status_code == 422
    assert service.admin.patch(ann.path, json={"role": "admin"}, headers={"If-Match": '"stale"'}).status_code == 412
    assert session.caller.patch(ann.path, json={"password": new_password()}).status_code == 422
    assert session.caller.patch(ann.path, json={"role": "admin"}).status_code == 403

    assert session.caller.get("/v1/users/me").json()["role"] == "user"
    service.refresh(session.refresh_token)


def test_changes_are_seen_at_once(service: Service) -> None:
    ann, session = service.sign_up()
    assert session.caller.get("/v1/users/me").json()["name"] == ann.name

    for name in ("Bea", "Cleo", "Dora"):
        assert service.admin.patch(ann.path, json={"name": name}).status_code == 200
        assert session.caller.get("/v1/users/me").json()["name"] == name
