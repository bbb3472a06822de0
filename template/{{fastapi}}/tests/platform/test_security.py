import base64
import json
from datetime import UTC, datetime, timedelta

import bcrypt
import jwt
import pytest

from service.adapters.clock import SystemClock
from service.domain.errors import InvalidToken
from service.platform.security import SecurityManager
from tests.clock import MovableClock

SECRET_KEY = "0123456789abcdef0123456789abcdef"
PASSWORD = "correct horse battery staple"
MADE_BY_DJANGO = "bcrypt_sha256$$2b$04$.9Hz1eR9km30Ea7G5uT8LuRRgxSvo7BhZ6rPf19iLCckNRh51Wa4C"


def manager(cost: int = 4, secret_key: str = SECRET_KEY, clock: MovableClock | None = None) -> SecurityManager:
    return SecurityManager(secret_key, clock or SystemClock(), bcrypt_cost=cost, access_token_seconds=900)


@pytest.fixture
def security() -> SecurityManager:
    return manager()


# Passwords


async def test_a_hash_is_salted_bcrypt_of_the_chosen_cost(security: SecurityManager) -> None:
    first, second = [await security.hash_password(PASSWORD) for _ in range(2)]

    assert first.startswith("bcrypt_sha256$$2b$04$")
    assert first != second
    assert (await manager(5).hash_password(PASSWORD)).startswith("bcrypt_sha256$$2b$05$")


async def test_hashes_of_django_are_good(security: SecurityManager) -> None:
    check = await security.verify_password(PASSWORD, MADE_BY_DJANGO)

    assert check.is_right
    assert check.new_hash is None


@pytest.mark.parametrize("wrong", [PASSWORD + "r", PASSWORD[:-1], PASSWORD.upper(), "", "\0"])
async def test_a_wrong_password_is_wrong(security: SecurityManager, wrong: str) -> None:
    check = await security.verify_password(wrong, MADE_BY_DJANGO)

    assert not check.is_right
    assert check.new_hash is None


async def test_every_character_counts(security: SecurityManager) -> None:
    long = "a" * 127
    password_hash = await security.hash_password(long + "b")

    assert (await security.verify_password(long + "b", password_hash)).is_right
    assert not (await security.verify_password(long + "c", password_hash)).is_right
    assert not (await security.verify_password(long, password_hash)).is_right


async def test_a_hash_of_a_lower_cost_is_upgraded() -> None:
    check = await manager(5).verify_password(PASSWORD, MADE_BY_DJANGO)

    assert check.is_right
    assert check.new_hash
    assert check.new_hash.startswith("bcrypt_sha256$$2b$05$")
    assert (await manager(5).verify_password(PASSWORD, check.new_hash)).is_right


async def test_a_hash_of_a_higher_cost_stays(security: SecurityManager) -> None:
    check = await security.verify_password(PASSWORD, await manager(5).hash_password(PASSWORD))

    assert check.is_right
    assert check.new_hash is None


@pytest.mark.parametrize("password", [PASSWORD, "é" * 60, "a\0b"])
async def test_plain_bcrypt_from_elsewhere_is_upgraded(security: SecurityManager, password: str) -> None:
    plain = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()

    check = await security.verify_password(password, plain)

    assert check.is_right
    assert check.new_hash
    assert check.new_hash.startswith("bcrypt_sha256$")
    assert not (await security.verify_password("x" + password, plain)).is_right


async def test_without_a_hash_the_work_is_the_same(security: SecurityManager, monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[bytes] = []
    checkpw = bcrypt.checkpw

    def watched(password: bytes, password_hash: bytes) -> bool:
        costs.append(password_hash[:7])
        return checkpw(password, password_hash)

    monkeypatch.setattr(bcrypt, "checkpw", watched)
    check = await security.verify_password(PASSWORD, None)

    assert not check.is_right
    assert costs == [b"$2b$04$"]


# Access tokens


def test_a_token_says_whose_it_is(security: SecurityManager) -> None:
    token = security.read_access_token(security.create_access_token("some-id", 7))

    assert (token.user_id, token.generation) == ("some-id", 7)


def test_a_token_is_good_for_a_quarter_of_an_hour_unless_told_otherwise() -> None:
    clock = MovableClock()
    security = manager(clock=clock)

    def lifetime(token: str) -> timedelta:
        claims = jwt.decode(token, SECRET_KEY, ["HS256"])
        assert claims["iat"] == clock.now().timestamp()
        return datetime.fromtimestamp(claims["exp"], UTC) - clock.now()

    assert lifetime(security.create_access_token("id", 1)) == timedelta(minutes=15)
    assert lifetime(security.create_access_token("id", 1, timedelta(hours=1))) == timedelta(hours=1)


def test_two_tokens_are_never_the_same(security: SecurityManager) -> None:
    assert security.create_access_token("id", 1) != security.create_access_token("id", 1)


def test_an_expired_token_is_refused(security: SecurityManager) -> None:
    with pytest.raises(InvalidToken, match="expired"):
        security.read_access_token(security.create_access_token("id", 1, timedelta(seconds=-1)))


def test_a_token_of_an_instance_whose_clock_is_ahead_is_good(security: SecurityManager) -> None:
    ahead = MovableClock()
    ahead.move(seconds=30)

    assert security.read_access_token(manager(clock=ahead).create_access_token("id", 1)).user_id == "id"


def test_a_token_that_was_tampered_with_is_refused(security: SecurityManager) -> None:
    header, payload, signature = security.create_access_token("id", 1).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    other = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "other"}).encode()).decode().rstrip("=")

    for forged in (f"{header}.{other}.{signature}", f"{header}.{payload}.", f"{header}.{payload}", "", "a.b.c"):
        with pytest.raises(InvalidToken):
            security.read_access_token(forged)


def test_a_token_of_another_key_or_algorithm_is_refused(security: SecurityManager) -> None:
    now = datetime.now(UTC)
    claims = {"sub": "id", "gen": 1, "iat": now, "exp": now + timedelta(hours=1)}

    for forged in (
        manager(secret_key="f" * 32).create_access_token("id", 1),
        jwt.encode(claims, None, "none"),
        jwt.encode(claims, SECRET_KEY * 2, "HS512"),
    ):
        with pytest.raises(InvalidToken, match="not an access token"):
            security.read_access_token(forged)


@pytest.mark.parametrize("missing", ["sub", "gen", "iat", "exp"])
def test_a_token_says_everything(security: SecurityManager, missing: str) -> None:
    now = datetime.now(UTC)
    claims = {"sub": "id", "gen": 1, "iat": now, "exp": now + timedelta(hours=1)}
    del claims[missing]

    with pytest.raises(InvalidToken):
        security.read_access_token(jwt.encode(claims, SECRET_KEY, "HS256"))


# Fingerprints


def test_a_fingerprint_tells_contents_apart_to_who_has_the_key(security: SecurityManager) -> None:
    fingerprint = security.fingerprint(b"content")

    assert fingerprint == manager().fingerprint(b"content")
    assert fingerprint != security.fingerprint(b"other content")
    assert fingerprint != manager(secret_key="f" * 32).fingerprint(b"content")
