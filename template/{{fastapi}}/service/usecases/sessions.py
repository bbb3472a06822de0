"""Signing in, staying signed in, signing out, and telling who is calling."""

import hashlib
import re
import secrets
from dataclasses import replace
from datetime import timedelta

import structlog

from service.domain.errors import InvalidToken, NotFound, WrongCredentials
from service.domain.sessions import Session, TokenPair
from service.domain.users import Account, User
from service.platform.ports import Clock
from service.platform.security import SecurityManager
from service.ports import Database
from service.usecases.events import Events

log = structlog.get_logger()

REFRESH_TOKEN = re.compile(r"(?P<session_id>[A-Za-z0-9_-]+)\.(?P<secret>[A-Za-z0-9_-]+)")


class Sessions:
    def __init__(
        self,
        database: Database,
        security: SecurityManager,
        clock: Clock,
        *,
        refresh_token_seconds: float,
    ) -> None:
        self._database = database
        self._security = security
        self._clock = clock
        self._events = Events(clock)
        self._lifetime = timedelta(seconds=refresh_token_seconds)

    async def sign_in(self, email: str, password: str) -> TokenPair:
        """Begins a session.

        Raises:
            WrongCredentials: There is no such account, or this is not its password.
        """
        async with self._database.read() as stores:
            account = await stores.users.find_account(email.lower())
        check = await self._security.verify_password(password, account.password_hash if account else None)
        if account is None or not check.is_right:
            await self._refuse(account)
            raise _wrong_credentials()
        if check.new_hash:
            await self._upgrade_hash(account, check.new_hash)
        try:
            return await self._begin(account.user)
        except NotFound:
            raise _wrong_credentials() from None

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Exchanges a refresh token for the next pair.

        Raises:
            InvalidToken: It is forged, expired, or revoked; or it was used before, which ends its session.
        """
        session_id, secret = _parse(refresh_token)
        async with self._database.read() as stores:
            session = await stores.sessions.get(session_id)
            user = await stores.users.get(session.user_id) if session else None
        if session is None:
            raise _invalid()
        if _hash(secret) != session.secret_hash:
            await self._end(session, "a refresh token was used twice")
            raise _invalid()
        if user is None or user.generation != session.generation or session.expires_at <= self._clock.now():
            await self._end(session, "the session has expired")
            raise _invalid()
        return await self._rotate(user, session)

    async def sign_out(self, refresh_token: str) -> None:
        """Ends the session that a refresh token is of, whether it is the newest one of it or was used before."""
        try:
            session_id, _ = _parse(refresh_token)
        except InvalidToken:
            return
        async with self._database.transaction() as stores:
            await stores.sessions.delete(session_id)

    async def authenticate(self, access_token: str) -> User:
        """Whom an access token belongs to, as they are now.

        It asks the database every time, since a token must stop working at once, on every instance.

        Raises:
            InvalidToken: It is forged or expired, or its user is gone or has another password or role.
        """
        token = self._security.read_access_token(access_token)
        async with self._database.read() as stores:
            user = await stores.users.get(token.user_id)
        if user is None or user.generation != token.generation:
            raise InvalidToken("The access token has been revoked.")
        return user

    async def _begin(self, user: User) -> TokenPair:
        secret = secrets.token_urlsafe()
        now = self._clock.now()
        session = Session(
            id=secrets.token_urlsafe(16),
            user_id=user.id,
            generation=user.generation,
            secret_hash=_hash(secret),
            expires_at=now + self._lifetime,
        )
        async with self._database.transaction() as stores:
            await stores.sessions.delete_expired(user.id, now)
            await stores.sessions.add(session, self._events.session_started(user))
        return self._pair(user, session, secret)

    async def _refuse(self, account: Account | None) -> None:
        async with self._database.transaction() as stores:
            await stores.outbox.add(self._events.session_refused(account.user if account else None))

    async def _rotate(self, user: User, session: Session) -> TokenPair:
        secret = secrets.token_urlsafe()
        expires_at = self._clock.now() + self._lifetime
        async with self._database.transaction() as stores:
            is_first = await stores.sessions.rotate(session, _hash(secret), expires_at)
        if not is_first:
            await self._end(session, "a refresh token was used twice at once")
            raise _invalid()
        return self._pair(user, session, secret)

    async def _end(self, session: Session, reason: str) -> None:
        log.warning("session ended", user_id=session.user_id, reason=reason)
        async with self._database.transaction() as stores:
            await stores.sessions.delete(session.id)

    async def _upgrade_hash(self, account: Account, new_hash: str) -> None:
        async with self._database.transaction() as stores:
            await stores.users.rehash(replace(account, password_hash=new_hash), account.password_hash)

    def _pair(self, user: User, session: Session, secret: str) -> TokenPair:
        return TokenPair(
            access_token=self._security.create_access_token(user.id, user.generation),
            refresh_token=f"{session.id}.{secret}",
            expires_in=int(self._security.access_token_lifetime.total_seconds()),
        )


def _parse(refresh_token: str) -> tuple[str, str]:
    found = REFRESH_TOKEN.fullmatch(refresh_token)
    if found is None:
        raise _invalid()
    return found["session_id"], found["secret"]


def _hash(secret: str) -> str:
    """Of a random secret, so that it needs neither salt nor effort."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _wrong_credentials() -> WrongCredentials:
    return WrongCredentials("The e-mail address or the password is wrong.")


def _invalid() -> InvalidToken:
    return InvalidToken("The refresh token is not good, or not any more.")
