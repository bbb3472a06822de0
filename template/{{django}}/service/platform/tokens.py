"""Access tokens: JSON Web Tokens that every instance can read."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

import jwt
from django.conf import settings
from jwt.types import Options

from service.adapters.clock import SystemClock
from service.domain.errors import InvalidToken

ALGORITHM = "HS256"

# A token from the future is no worse for it: the clock of the instance that made it is ahead of this one's.
READING: Options = {"require": ["sub", "gen", "iat", "exp"], "verify_iat": False}


@dataclass(frozen=True, slots=True)
class AccessToken:
    user_id: str
    generation: int
    """The user's, when the token was made."""


def create_access_token(user_id: str, generation: int, lifetime: timedelta | None = None) -> str:
    """A token for a user, good for `lifetime` (default: the setting `ACCESS_TOKEN_SECONDS`)."""
    now = SystemClock().now()
    claims = {
        "sub": user_id,
        "gen": generation,
        "iat": now,
        "exp": now + (lifetime or timedelta(seconds=settings.SERVICE.access_token_seconds)),
        "jti": secrets.token_hex(8),
    }
    return jwt.encode(claims, settings.SECRET_KEY, ALGORITHM)


def read_access_token(token: str) -> AccessToken:
    """Reads what `create_access_token` made.

    Raises:
        InvalidToken: It is forged, expired, or no access token at all.
    """
    try:
        claims = jwt.decode(token, settings.SECRET_KEY, [ALGORITHM], options=READING)
    except jwt.ExpiredSignatureError:
        raise InvalidToken("The access token has expired.") from None
    except jwt.InvalidTokenError:
        raise InvalidToken("This is not an access token of this service.") from None
    return AccessToken(claims["sub"], claims["gen"])


def fingerprint(content: bytes) -> str:
    """A keyed digest: tells whether two contents are equal, and nothing else about them."""
    return hmac.digest(settings.SECRET_KEY.encode(), content, "sha256").hex()
