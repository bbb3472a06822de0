"""What the service needs from the outside world; adapters provide it.

Only `wiring.py` knows which adapter stands behind a port. Every method may raise `Unavailable` when
the other side does not answer.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from service.domain.paging import Cursor
from service.domain.sessions import Session
from service.domain.users import Account, CreationKey, User


class Clock(Protocol):
    def now(self) -> datetime:
        """The time in UTC, to the millisecond, which every database keeps exactly."""
        ...


class UserStore(Protocol):
    def next_id(self) -> str:
        """An id for a new user, of the database's own kind."""
        ...

    async def get(self, user_id: str) -> User | None:
        """The user, or None if there is none, or this is no id at all."""
        ...

    async def get_account(self, user_id: str) -> Account | None: ...

    async def find_account(self, email: str) -> Account | None:
        """The account with this e-mail, given in lower case."""
        ...

    async def find_creation(self, key: str) -> tuple[User, CreationKey] | None:
        """The user that was created by the request of this key."""
        ...

    async def page(self, after: Cursor | None, limit: int) -> Sequence[User]:
        """Up to `limit` users from behind `after` on, newest first."""
        ...

    async def add(self, user: User, password_hash: str, key: CreationKey | None = None) -> None:
        """Stores a new user.

        Raises:
            EmailTaken: Another user has this e-mail, or was created with this key.
        """
        ...

    async def replace(self, user: User, password_hash: str | None = None) -> bool:
        """Stores the next version of a user; a password hash of None stays as it is.

        Returns:
            False if the stored version is not `user.version - 1`: somebody else was faster.

        Raises:
            EmailTaken: Another user has this e-mail.
        """
        ...

    async def rehash(self, account: Account, old_hash: str) -> None:
        """Stores an account's hash of the same password, unless its password has changed from `old_hash`."""
        ...

    async def delete(self, user: User) -> bool:
        """Deletes a user, and their sessions with them.

        Returns:
            False if the stored version is not `user.version`.
        """
        ...


class SessionStore(Protocol):
    async def add(self, session: Session) -> None:
        """Stores a new session.

        Raises:
            NotFound: Its user was deleted in the meantime. Not every database notices.
        """
        ...

    async def get(self, session_id: str) -> Session | None: ...

    async def rotate(self, session: Session, secret_hash: str, expires_at: datetime) -> bool:
        """Gives a session its next secret.

        Returns:
            False if its stored secret is not the one in `session` any more.
        """
        ...

    async def delete(self, session_id: str) -> None: ...

    async def delete_expired(self, user_id: str, now: datetime) -> None: ...


class Stores(Protocol):
    @property
    def users(self) -> UserStore: ...

    @property
    def sessions(self) -> SessionStore: ...


class Database(Protocol):
    def read(self) -> AbstractAsyncContextManager[Stores]:
        """Stores for reading, each statement on its own."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Stores]:
        """Stores for a unit of work: kept when the block ends well, undone when it raises.

        Do one thing to one record in it. A database without transactions can keep that promise too.
        """
        ...

    async def ping(self) -> None: ...


class Cache(Protocol):
    """Values by key, each with an expiry. It may lose what it holds, but never keeps what is outdated.

    Whoever finds nothing takes a lease before computing the value: only one caller gets it, and a
    value is stored only while its lease stands. Deleting a key ends its lease, so a value that was
    computed from older data never comes in after the deletion.
    """

    async def get(self, key: str) -> bytes | None: ...

    async def lease(self, key: str, seconds: float) -> str | None:
        """The right to compute the value, for a time; None if somebody else has it."""
        ...

    async def put(self, key: str, value: bytes, *, seconds: float, lease: str) -> None:
        """Stores a value, unless its lease has ended."""
        ...

    async def delete(self, key: str) -> None: ...

    async def ping(self) -> None: ...
