"""Passwords and access tokens."""

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import override

import jwt
from jwt.types import Options
from pwdlib import PasswordHash
from pwdlib.hashers import HasherProtocol
from pwdlib.hashers.bcrypt import BcryptHasher

from service.domain.errors import InvalidToken
from service.platform.ports import Clock

ALGORITHM = "HS256"

# A token from the future is no worse for it: the clock of the instance that made it is ahead of this one's.
READING: Options = {"require": ["sub", "gen", "iat", "exp"], "verify_iat": False}


@dataclass(frozen=True, slots=True)
class AccessToken:
    user_id: str
    generation: int
    """The user's, when the token was made."""


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    is_right: bool
    new_hash: str | None = None
    """To be stored in place of the one that was checked, which is of an older cost or scheme."""


class SecurityManager:
    """Hashes passwords, and makes and reads access tokens.

    Hashing takes a quarter of a second of CPU, so it happens in a thread; bcrypt lets go of the interpreter lock.
    """

    def __init__(self, secret_key: str, clock: Clock, *, bcrypt_cost: int, access_token_seconds: float) -> None:
        self._secret_key = secret_key
        self._clock = clock
        self._passwords = PasswordHash((BcryptSha256Hasher(bcrypt_cost), TruncatingBcryptHasher(bcrypt_cost)))
        self._nobodys_hash = self._passwords.hash(secrets.token_urlsafe())
        self.access_token_lifetime = timedelta(seconds=access_token_seconds)

    async def hash_password(self, password: str) -> str:
        return await asyncio.to_thread(self._passwords.hash, password)

    async def verify_password(self, password: str, password_hash: str | None) -> PasswordCheck:
        """Checks a password; without a hash it takes as long, so that nobody can tell whether there is an account."""
        is_right, new_hash = await asyncio.to_thread(
            self._passwords.verify_and_update, password, password_hash or self._nobodys_hash
        )
        return PasswordCheck(is_right, new_hash) if password_hash else PasswordCheck(is_right=False)

    def create_access_token(self, user_id: str, generation: int, lifetime: timedelta | None = None) -> str:
        """A JSON Web Token for a user, good for `lifetime` (default: the setting `ACCESS_TOKEN_SECONDS`)."""
        now = self._clock.now()
        claims = {
            "sub": user_id,
            "gen": generation,
            "iat": now,
            "exp": now + (lifetime or self.access_token_lifetime),
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, self._secret_key, ALGORITHM)

    def read_access_token(self, token: str) -> AccessToken:
        """Reads what `create_access_token` made.

        Raises:
            InvalidToken: It is forged, expired, or no access token at all.
        """
        try:
            claims = jwt.decode(token, self._secret_key, [ALGORITHM], options=READING)
        except jwt.ExpiredSignatureError:
            raise InvalidToken("The access token has expired.") from None
        except jwt.InvalidTokenError:
            raise InvalidToken("This is not an access token of this service.") from None
        return AccessToken(claims["sub"], claims["gen"])

    def fingerprint(self, content: bytes) -> str:
        """A keyed digest: tells whether two contents are equal, and nothing else about them."""
        return hmac.digest(self._secret_key.encode(), content, "sha256").hex()


class BcryptSha256Hasher(HasherProtocol):
    """Bcrypt over the SHA-256 of the password, since bcrypt itself ignores all beyond 72 bytes.

    The format is Django's (`bcrypt_sha256$` and a bcrypt hash of the digest in hexadecimal digits).
    """

    PREFIX = "bcrypt_sha256$"

    def __init__(self, cost: int) -> None:
        self._cost = cost
        self._bcrypt = BcryptHasher(cost)

    @override
    @classmethod
    def identify(cls, hash: str | bytes) -> bool:
        return _text(hash).startswith(cls.PREFIX) and BcryptHasher.identify(_text(hash).removeprefix(cls.PREFIX))

    @override
    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        return self.PREFIX + self._bcrypt.hash(_digest(password), salt=salt)

    @override
    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        return self._bcrypt.verify(_digest(password), _text(hash).removeprefix(self.PREFIX))

    @override
    def check_needs_rehash(self, hash: str | bytes) -> bool:
        # Only ever upwards: two instances with different settings would undo each other's work.
        return int(_text(hash).split("$")[3]) < self._cost


class TruncatingBcryptHasher(BcryptHasher):
    """Checks hashes of plain bcrypt, as they come from other systems; they are replaced at sign-in."""

    @override
    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        return super().verify(_bytes(password)[:72], hash)


def _digest(password: str | bytes) -> str:
    return hashlib.sha256(_bytes(password)).hexdigest()


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _text(text: str | bytes) -> str:
    return text if isinstance(text, str) else text.decode()
