"""Sessions: one for each sign-in, kept alive by a refresh token that changes with every use."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A family of refresh tokens, of which only the newest is good."""

    id: str
    user_id: str
    generation: int
    """The user's generation at sign-in: a session does not outlive a new password or role."""
    secret_hash: str
    """Of the newest token's secret. A token with another one was used before, or forged."""
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a sign-in or a refresh answers."""

    access_token: str
    refresh_token: str
    expires_in: int
    """For how many seconds the access token is good."""
