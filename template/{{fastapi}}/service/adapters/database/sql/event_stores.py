"""The stores on SQL tables that have to do with events."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from typing import Any

from sqlalchemy import delete, exists, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from service.adapters.database.sql.tables import ActivityRow, DeadLetterRow, InboxRow, LeaseRow, OutboxRow
from service.domain.activity import Activity
from service.domain.events import DeadLetter, Event
from service.domain.paging import Cursor

EVENT = ("id", "source", "type", "subject", "time", "data", "trace")
ACTIVITY = ("key", "id", "type", "user_id", "by", "time")


class SqlOutbox:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.has_new = False

    async def add(self, event: Event) -> None:
        self.has_new = True
        await self._connection.execute(insert(OutboxRow).values(_values(event)))

    async def pending(self, limit: int) -> Sequence[Event]:
        columns = [getattr(OutboxRow, name) for name in EVENT]
        rows = await self._connection.execute(select(*columns).order_by(OutboxRow.position).limit(limit))
        return [Event(**row._asdict()) for row in rows]

    async def remove(self, events: Sequence[Event]) -> None:
        ids = [event.id for event in events]
        await self._connection.execute(delete(OutboxRow).where(OutboxRow.id.in_(ids)))


class SqlInbox:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, event: Event) -> bool:
        """Whether the event is new."""
        statement = _insert(self._connection, InboxRow, {"key": event.key, **_values(event)})
        result = await self._connection.execute(statement.on_conflict_do_nothing())
        return result.rowcount == 1

    async def page(self, after: str, types: Sequence[str], limit: int) -> Sequence[Event]:
        columns = [getattr(InboxRow, name) for name in EVENT]
        rows = await self._connection.execute(
            select(*columns).where(InboxRow.key > after, InboxRow.type.in_(types)).order_by(InboxRow.key).limit(limit)
        )
        return [Event(**row._asdict()) for row in rows]


class SqlDeadLetters:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, letter: DeadLetter) -> None:
        await self._connection.execute(insert(DeadLetterRow).values(asdict(letter)))

    async def get(self, letter_id: str) -> DeadLetter | None:
        statement = select(DeadLetterRow.__table__).where(DeadLetterRow.id == letter_id)
        row = (await self._connection.execute(statement)).first()
        return DeadLetter(**row._asdict()) if row else None

    async def list(self, limit: int) -> Sequence[DeadLetter]:
        statement = select(DeadLetterRow.__table__).order_by(DeadLetterRow.parked_at, DeadLetterRow.id).limit(limit)
        return [DeadLetter(**row._asdict()) for row in await self._connection.execute(statement)]

    async def remove(self, letter_id: str) -> None:
        await self._connection.execute(delete(DeadLetterRow).where(DeadLetterRow.id == letter_id))


class SqlActivityStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put(self, entry: Activity) -> None:
        values = asdict(entry)
        statement = _insert(self._connection, ActivityRow, values)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))

    async def page(self, user_id: str | None, after: Cursor | None, limit: int) -> Sequence[Activity]:
        if user_id and "\0" in user_id:  # Nobody's id has it, and not every database lets one ask.
            return []
        columns = [getattr(ActivityRow, name) for name in ACTIVITY]
        statement = select(*columns).order_by(ActivityRow.time.desc(), ActivityRow.key.desc()).limit(limit)
        if user_id is not None:
            statement = statement.where(ActivityRow.user_id == user_id)
        if after is not None:
            statement = statement.where(tuple_(ActivityRow.time, ActivityRow.key) < (after.created_at, after.id))
        return [Activity(**row._asdict()) for row in await self._connection.execute(statement)]

    async def discard_unfounded(self) -> None:
        has_event = exists().where(InboxRow.key == ActivityRow.key)
        await self._connection.execute(delete(ActivityRow).where(~has_event))


class SqlLeases:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take(self, name: str, owner: str, now: datetime, until: datetime) -> bool:
        values = {"name": name, "owner": owner, "until": until}
        is_free = (LeaseRow.owner == owner) | (LeaseRow.until <= now)
        result = await self._connection.execute(
            _insert(self._connection, LeaseRow, values).on_conflict_do_update(
                index_elements=["name"], set_=values, where=is_free
            )
        )
        return result.rowcount == 1

    async def give_back(self, name: str, owner: str) -> None:
        await self._connection.execute(delete(LeaseRow).where(LeaseRow.name == name, LeaseRow.owner == owner))


def _values(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in EVENT}


def _insert(connection: AsyncConnection, table: type[Any], values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - no common type.
    """An INSERT that can say what to do on a conflict; each dialect has one of its own."""
    dialect = import_module(f"sqlalchemy.dialects.{connection.dialect.name}")
    return dialect.insert(table).values(values)
