import asyncio
from dataclasses import replace

import pytest
from pwdlib.hashers.bcrypt import BcryptHasher

from service.domain.errors import InvalidToken, WrongCredentials
from service.domain.sessions import TokenPair
from service.domain.users import UserChanges
from service.platform.security import SecurityManager
from service.ports import Database
from service.settings import Settings
from service.usecases.sessions import Sessions
from service.wiring import Service
from tests.clock import MovableClock
from tests.people import PASSWORD, Person

DAY = 86_400


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def sessions(settings: Settings, database: Database, clock: MovableClock) -> Sessions:
    """The use case with a clock that can be moved; sessions last a day."""
    security = SecurityManager(
        settings.secret_key.get_secret_value(), clock, bcrypt_cost=4, access_token_seconds=settings.access_token_seconds
    )
    return Sessions(database, security, clock, refresh_token_seconds=DAY)


# Signing in


async def test_signing_in_answers_tokens(service: Service, ann: Person) -> None:
    tokens = await service.sessions.sign_in("ANN@example.org", PASSWORD)

    assert tokens.expires_in == 900
    assert await service.sessions.authenticate(tokens.access_token) == ann.user


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ann@example.org", PASSWORD + "r"),
        ("ann@example.org", PASSWORD.upper()),
        ("nobody@example.org", PASSWORD),
        ("ann@example.org\0", PASSWORD),
    ],
)
async def test_a_refusal_does_not_say_what_was_wrong(service: Service, ann: Person, email: str, password: str) -> None:
    assert ann.user.email == "ann@example.org"
    with pytest.raises(WrongCredentials) as caught:
        await service.sessions.sign_in(email, password)

    assert str(caught.value) == "The e-mail address or the password is wrong."


async def test_an_old_hash_is_replaced_at_sign_in(service: Service, ann: Person, database: Database) -> None:
    old = BcryptHasher(4).hash(PASSWORD)
    async with database.transaction() as stores:
        account = await stores.users.get_account(ann.user.id)
        assert account
        await stores.users.rehash(replace(account, password_hash=old), account.password_hash)

    async def stored() -> str:
        async with database.read() as stores:
            found = await stores.users.get_account(ann.user.id)
        assert found
        return found.password_hash

    with pytest.raises(WrongCredentials):
        await service.sessions.sign_in(ann.user.email, PASSWORD + "r")
    assert await stored() == old

    await service.sessions.sign_in(ann.user.email, PASSWORD)
    assert (await stored()).startswith("bcrypt_sha256$")
    assert await service.sessions.sign_in(ann.user.email, PASSWORD)


async def test_signing_in_clears_expired_sessions_away(
    sessions: Sessions, clock: MovableClock, ann: Person, database: Database
) -> None:
    old = await sessions.sign_in(ann.user.email, PASSWORD)
    clock.move(hours=12)
    recent = await sessions.sign_in(ann.user.email, PASSWORD)
    clock.move(hours=13)
    await sessions.sign_in(ann.user.email, PASSWORD)

    async with database.read() as stores:
        assert await stores.sessions.get(_session_id(old)) is None
        assert await stores.sessions.get(_session_id(recent)) is not None


# Staying signed in


async def test_a_refresh_token_buys_the_next_pair(service: Service, ann: Person) -> None:
    following = await service.sessions.refresh(ann.tokens.refresh_token)

    assert following.refresh_token != ann.tokens.refresh_token
    assert await service.sessions.authenticate(following.access_token) == ann.user
    assert await service.sessions.refresh(following.refresh_token)


async def test_using_a_refresh_token_twice_ends_its_session(service: Service, ann: Person) -> None:
    other_session = await service.sessions.sign_in(ann.user.email, PASSWORD)
    following = await service.sessions.refresh(ann.tokens.refresh_token)

    for token in (ann.tokens.refresh_token, following.refresh_token):
        with pytest.raises(InvalidToken):
            await service.sessions.refresh(token)
    assert await service.sessions.refresh(other_session.refresh_token)


async def test_using_a_refresh_token_twice_at_once_ends_its_session(service: Service, ann: Person) -> None:
    results = await asyncio.gather(
        *(service.sessions.refresh(ann.tokens.refresh_token) for _ in range(5)), return_exceptions=True
    )

    pairs = [result for result in results if isinstance(result, TokenPair)]
    assert len(pairs) <= 1
    for pair in pairs:
        with pytest.raises(InvalidToken):
            await service.sessions.refresh(pair.refresh_token)


async def test_a_session_ends_when_it_is_not_used(
    sessions: Sessions, clock: MovableClock, ann: Person, database: Database
) -> None:
    tokens = await sessions.sign_in(ann.user.email, PASSWORD)
    clock.move(seconds=DAY)

    with pytest.raises(InvalidToken):
        await sessions.refresh(tokens.refresh_token)
    async with database.read() as stores:
        assert await stores.sessions.get(_session_id(tokens)) is None


async def test_a_session_goes_on_while_it_is_used(sessions: Sessions, clock: MovableClock, ann: Person) -> None:
    tokens = await sessions.sign_in(ann.user.email, PASSWORD)
    for _ in range(3):
        clock.move(hours=23)
        tokens = await sessions.refresh(tokens.refresh_token)


@pytest.mark.parametrize("token", ["", ".", "a", "a.", ".b", "a.b", "a.b.c", "a\0.b", "é.b", "x" * 500])
async def test_what_is_no_refresh_token_is_refused(service: Service, token: str) -> None:
    with pytest.raises(InvalidToken):
        await service.sessions.refresh(token)


async def test_a_refresh_token_with_more_behind_it_is_none(service: Service, ann: Person) -> None:
    with pytest.raises(InvalidToken):
        await service.sessions.refresh(f"{ann.tokens.refresh_token}.more")

    assert await service.sessions.refresh(ann.tokens.refresh_token)


async def test_a_guessed_secret_is_refused(service: Service, ann: Person) -> None:
    with pytest.raises(InvalidToken):
        await service.sessions.refresh(f"{_session_id(ann.tokens)}.guessed")


# Signing out, and being signed out


async def test_signing_out_ends_the_session(service: Service, ann: Person) -> None:
    await service.sessions.sign_out(ann.tokens.refresh_token)

    with pytest.raises(InvalidToken):
        await service.sessions.refresh(ann.tokens.refresh_token)


@pytest.mark.parametrize("token", ["", "a.b", "a\0.b"])
async def test_signing_out_with_a_bad_token_does_nothing(service: Service, ann: Person, token: str) -> None:
    await service.sessions.sign_out(token)

    assert await service.sessions.refresh(ann.tokens.refresh_token)


@pytest.mark.parametrize("changes", [{"role": "admin"}, {"password": "another horse, another battery"}])
async def test_another_role_or_password_ends_all_tokens(
    service: Service, admin: Person, ann: Person, changes: UserChanges
) -> None:
    await service.users.update(admin.user, ann.user.id, changes)

    with pytest.raises(InvalidToken, match="revoked"):
        await service.sessions.authenticate(ann.tokens.access_token)
    with pytest.raises(InvalidToken):
        await service.sessions.refresh(ann.tokens.refresh_token)


async def test_another_name_ends_no_token(service: Service, ann: Person) -> None:
    await service.users.update(ann.user, ann.user.id, {"name": "Ann E."})

    assert (await service.sessions.authenticate(ann.tokens.access_token)).name == "Ann E."
    assert await service.sessions.refresh(ann.tokens.refresh_token)


async def test_the_tokens_of_a_deleted_user_stop_working(service: Service, ann: Person) -> None:
    await service.users.delete(ann.user, ann.user.id)

    with pytest.raises(InvalidToken):
        await service.sessions.authenticate(ann.tokens.access_token)
    with pytest.raises(InvalidToken):
        await service.sessions.refresh(ann.tokens.refresh_token)


def _session_id(tokens: TokenPair) -> str:
    return tokens.refresh_token.partition(".")[0]
