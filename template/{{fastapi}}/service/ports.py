"""What the service needs from the outside world; adapters provide it.

Only `wiring.py` knows which adapter stands behind a port. Every method may raise `Unavailable` when
the other side does not answer.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from service.domain.activity import Activity
from service.domain.events import DeadLetter, Event
from service.domain.paging import Cursor
from service.domain.sessions import Session
from service.domain.users import Account, CreationKey, User


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

    async def add(self, user: User, password_hash: str, event: Event, key: CreationKey | None = None) -> None:
        """Stores a new user, and the event with it.

        Raises:
            EmailTaken: Another user has this e-mail, or was created with this key.
        """
        ...

    async def replace(self, user: User, event: Event, password_hash: str | None = None) -> bool:
        """Stores the next version of a user, and the event with it; a password hash of None stays as it is.

        Returns:
            False if the stored version is not `user.version - 1`: somebody else was faster.

        Raises:
            EmailTaken: Another user has this e-mail.
        """
        ...

    async def rehash(self, account: Account, old_hash: str) -> None:
        """Stores an account's hash of the same password, unless its password has changed from `old_hash`."""
        ...

    async def delete(self, user: User, event: Event) -> bool:
        """Deletes a user, and their sessions with them; stores the event.

        Returns:
            False if the stored version is not `user.version`.
        """
        ...


class SessionStore(Protocol):
    async def add(self, session: Session, event: Event) -> None:
        """Stores a new session, and the event with it.

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


class Outbox(Protocol):
    """Events that have happened, and are still to be published."""

    async def add(self, event: Event) -> None:
        """Stores an event that comes with no change of a record."""
        ...

    async def pending(self, limit: int) -> Sequence[Event]:
        """The oldest ones, those of one subject in the order in which they happened."""
        ...

    async def remove(self, events: Sequence[Event]) -> None: ...


class Inbox(Protocol):
    """Events that have been handled; `Database.handle_once` fills it."""

    async def page(self, after: str, types: Sequence[str], limit: int) -> Sequence[Event]:
        """Up to `limit` of these types, in the order of their keys, from behind the key `after` on."""
        ...


class DeadLetters(Protocol):
    async def add(self, letter: DeadLetter) -> None: ...

    async def get(self, letter_id: str) -> DeadLetter | None: ...

    async def list(self, limit: int) -> Sequence[DeadLetter]:
        """The oldest ones first."""
        ...

    async def remove(self, letter_id: str) -> None: ...


class ActivityStore(Protocol):
    async def put(self, entry: Activity) -> None:
        """Stores an entry, in place of the one with the same key."""
        ...

    async def page(self, user_id: str | None, after: Cursor | None, limit: int) -> Sequence[Activity]:
        """Up to `limit` entries from behind `after` on, newest first; of everybody if `user_id` is None."""
        ...

    async def discard_unfounded(self) -> None:
        """Removes the entries whose event is not in the inbox."""
        ...


class Leases(Protocol):
    """Who of all instances does what only one may do at a time."""

    async def take(self, name: str, owner: str, now: datetime, until: datetime) -> bool:
        """Takes a lease that is free or has run out, or prolongs one's own.

        Returns:
            False if somebody else has it.
        """
        ...

    async def give_back(self, name: str, owner: str) -> None: ...


class Stores(Protocol):
    @property
    def users(self) -> UserStore: ...

    @property
    def sessions(self) -> SessionStore: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def inbox(self) -> Inbox: ...

    @property
    def dead_letters(self) -> DeadLetters: ...

    @property
    def activity(self) -> ActivityStore: ...

    @property
    def leases(self) -> Leases: ...


type Handler = Callable[[Event, Stores], Awaitable[None]]
"""What is done when an event arrives."""


class Database(Protocol):
    def read(self) -> AbstractAsyncContextManager[Stores]:
        """Stores for reading, each statement on its own."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Stores]:
        """Stores for a unit of work: kept when the block ends well, undone when it raises.

        Do one thing to one record in it. A database without transactions can keep that promise too.
        """
        ...

    async def handle_once(self, event: Event, handler: Handler) -> bool:
        """Carries out a handler, unless the event is in the inbox, and puts it there: all of it or nothing.

        A database without transactions carries it out first, so that it may happen twice if it is interrupted:
        there a handler's effect must be the same the second time.

        Returns:
            Whether it was new.
        """
        ...

    async def wait_for_events(self, seconds: float) -> None:
        """Returns when there may be a new event in the outbox, or after that time."""
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
