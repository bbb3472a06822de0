"""The stores on SQL tables. They use SQLAlchemy's Core: rows become domain types right away, without a session."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Row, Uuid, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.adapters.database.sql.event_stores import (
    SqlActivityStore,
    SqlDeadLetters,
    SqlInbox,
    SqlLeases,
    SqlOutbox,
)
from service.adapters.database.sql.tables import SessionRow, UserRow, UtcDateTime
from service.domain.errors import EmailTaken, NotFound
from service.domain.events import Event
from service.domain.paging import Cursor, invalid_cursor
from service.domain.sessions import Session
from service.domain.users import Account, CreationKey, User

USER = (
    UserRow.id,
    UserRow.email,
    UserRow.name,
    UserRow.role,
    UserRow.created_at,
    UserRow.version,
    UserRow.generation,
)
SESSION = (
    SessionRow.id,
    SessionRow.user_id,
    SessionRow.generation,
    SessionRow.secret_hash,
    SessionRow.expires_at,
)

# Asked for with every request: made once, since putting a statement together takes as long as carrying it out.
USER_BY_ID = select(*USER).where(UserRow.id == bindparam("id"))
FIRST_USERS = select(*USER).order_by(UserRow.created_at.desc(), UserRow.id.desc()).limit(bindparam("limit"))
NEXT_USERS = FIRST_USERS.where(
    tuple_(UserRow.created_at, UserRow.id)
    < tuple_(bindparam("created_at", type_=UtcDateTime()), bindparam("id", type_=Uuid(as_uuid=False)))
)


class SqlStores:
    """All stores, on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @cached_property
    def users(self) -> "SqlUserStore":
        return SqlUserStore(self._connection, self.outbox)

    @cached_property
    def sessions(self) -> "SqlSessionStore":
        return SqlSessionStore(self._connection, self.outbox)

    @cached_property
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self._connection)

    @cached_property
    def inbox(self) -> SqlInbox:
        return SqlInbox(self._connection)

    @cached_property
    def dead_letters(self) -> SqlDeadLetters:
        return SqlDeadLetters(self._connection)

    @cached_property
    def activity(self) -> SqlActivityStore:
        return SqlActivityStore(self._connection)

    @cached_property
    def leases(self) -> SqlLeases:
        return SqlLeases(self._connection)


class SqlUserStore:
    def __init__(self, connection: AsyncConnection, outbox: SqlOutbox) -> None:
        self._connection = connection
        self._outbox = outbox

    def next_id(self) -> str:
        return str(uuid.uuid4())

    async def get(self, user_id: str) -> User | None:
        if not _is_id(user_id):
            return None
        row = (await self._connection.execute(USER_BY_ID, {"id": user_id})).first()
        return _user(row) if row else None

    async def get_account(self, user_id: str) -> Account | None:
        return await self._find_account(UserRow.id == user_id)

    async def find_account(self, email: str) -> Account | None:
        if "\0" in email:  # No e-mail has it, and not every database lets one ask.
            return None
        return await self._find_account(UserRow.email == email)

    async def find_creation(self, key: str) -> tuple[User, CreationKey] | None:
        statement = select(*USER, UserRow.creation_fingerprint).where(UserRow.creation_key == key)
        row = (await self._connection.execute(statement)).first()
        return (_user(row), CreationKey(key, row.creation_fingerprint)) if row else None

    async def page(self, after: Cursor | None, limit: int) -> Sequence[User]:
        if after is None:
            rows = await self._connection.execute(FIRST_USERS, {"limit": limit})
        elif _is_id(after.id):
            position = {"created_at": after.created_at, "id": after.id}
            rows = await self._connection.execute(NEXT_USERS, {"limit": limit, **position})
        else:
            raise invalid_cursor()
        return [_user(row) for row in rows]

    async def add(self, user: User, password_hash: str, event: Event, key: CreationKey | None = None) -> None:
        values = asdict(user) | {
            "password_hash": password_hash,
            "creation_key": key.value if key else None,
            "creation_fingerprint": key.fingerprint if key else None,
        }
        try:
            await self._connection.execute(insert(UserRow).values(values))
        except IntegrityError as error:
            raise _email_taken() from error
        await self._outbox.add(event)

    async def replace(self, user: User, event: Event, password_hash: str | None = None) -> bool:
        values = asdict(user) | ({"password_hash": password_hash} if password_hash else {})
        statement = update(UserRow).where(UserRow.id == user.id, UserRow.version == user.version - 1).values(values)
        try:
            result = await self._connection.execute(statement)
        except IntegrityError as error:
            raise _email_taken() from error
        return await self._add_if_changed(result, event)

    async def rehash(self, account: Account, old_hash: str) -> None:
        await self._connection.execute(
            update(UserRow)
            .where(UserRow.id == account.user.id, UserRow.password_hash == old_hash)
            .values(password_hash=account.password_hash)
        )

    async def delete(self, user: User, event: Event) -> bool:
        # Their sessions go with them, by the foreign key.
        statement = delete(UserRow).where(UserRow.id == user.id, UserRow.version == user.version)
        return await self._add_if_changed(await self._connection.execute(statement), event)

    async def _add_if_changed(self, result: CursorResult[Any], event: Event) -> bool:
        if result.rowcount:
            await self._outbox.add(event)
        return result.rowcount == 1

    async def _find_account(self, condition: ColumnElement[bool]) -> Account | None:
        statement = select(*USER, UserRow.password_hash).where(condition)
        row = (await self._connection.execute(statement)).first()
        return Account(user=_user(row), password_hash=row.password_hash) if row else None


class SqlSessionStore:
    def __init__(self, connection: AsyncConnection, outbox: SqlOutbox) -> None:
        self._connection = connection
        self._outbox = outbox

    async def add(self, session: Session, event: Event) -> None:
        try:
            await self._connection.execute(insert(SessionRow).values(asdict(session)))
        except IntegrityError as error:
            raise NotFound("The user is gone.") from error
        await self._outbox.add(event)

    async def get(self, session_id: str) -> Session | None:
        row = (await self._connection.execute(select(*SESSION).where(SessionRow.id == session_id))).first()
        return Session(**row._asdict()) if row else None

    async def rotate(self, session: Session, secret_hash: str, expires_at: datetime) -> bool:
        result = await self._connection.execute(
            update(SessionRow)
            .where(SessionRow.id == session.id, SessionRow.secret_hash == session.secret_hash)
            .values(secret_hash=secret_hash, expires_at=expires_at)
        )
        return result.rowcount == 1

    async def delete(self, session_id: str) -> None:
        await self._connection.execute(delete(SessionRow).where(SessionRow.id == session_id))

    async def delete_expired(self, user_id: str, now: datetime) -> None:
        await self._connection.execute(
            delete(SessionRow).where(SessionRow.user_id == user_id, SessionRow.expires_at <= now)
        )


def _user(row: Row[*tuple[Any, ...]]) -> User:
    user_id, email, name, role, created_at, version, generation = row[: len(USER)]
    return User(
        id=user_id,
        email=email,
        name=name,
        role=role,
        created_at=created_at,
        version=version,
        generation=generation,
    )


def _is_id(text: str) -> bool:
    """Whether this is an id as the service writes it: a UUID can be written in other ways too."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _email_taken() -> EmailTaken:
    return EmailTaken("Another user has this e-mail address.")
