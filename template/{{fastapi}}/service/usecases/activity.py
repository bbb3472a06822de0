"""The activity log: filled from events, read by admins and by users about themselves."""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from service.domain import events
from service.domain.activity import Activity
from service.domain.errors import Forbidden
from service.domain.events import Event, InvalidEvent
from service.domain.paging import Cursor, Page, invalid_cursor
from service.domain.users import User
from service.ports import Database, Stores

LOGGED = (
    events.USER_CREATED,
    events.USER_UPDATED,
    events.USER_DELETED,
    events.SESSION_STARTED,
    events.SESSION_REFUSED,
)

KEY = re.compile("[0-9a-f]{32}")

type Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


class LoggedData(BaseModel):
    """What an event has to say to be logged. Its sender may be another service."""

    model_config = ConfigDict(extra="ignore")

    user_id: Id | None
    by: Id | None


async def log_activity(event: Event, stores: Stores) -> None:
    """The projection: one event, one entry.

    Raises:
        InvalidEvent: Its data is not what its type promises.
    """
    await stores.activity.put(_entry(event))


class ActivityLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, caller: User, user_id: str | None, cursor: str | None, limit: int) -> Page[Activity]:
        """A page of what happened, newest first.

        Args:
            user_id: Only what is about this user.

        Raises:
            Forbidden: The caller is no admin, and asks for more than about themselves.
            InvalidField: The cursor is none.
        """
        if not caller.is_admin and user_id != caller.id:
            raise Forbidden("Only admins may read about anybody but themselves.")
        after = _position(cursor) if cursor is not None else None
        async with self._database.read() as stores:
            entries = await stores.activity.page(user_id, after, limit + 1)
        return Page.of(entries, limit, lambda entry: Cursor(entry.time, entry.key))

    async def rebuild(self, batch: int = 500) -> int:
        """Makes the log anew from all events that were ever handled, while the service runs.

        Entries without an event go; each other one is replaced by what is made of its event now.
        Readers and the consumer may go on in the meantime.

        Returns:
            From how many events.
        """
        # First, since a database without transactions may have the entry of an event under way before the event.
        async with self._database.transaction() as stores:
            await stores.activity.discard_unfounded()
        count = 0
        after = ""
        while True:
            async with self._database.read() as stores:
                handled = await stores.inbox.page(after, LOGGED, batch)
            if not handled:
                break
            for event in handled:
                async with self._database.transaction() as stores:
                    await log_activity(event, stores)
            count += len(handled)
            after = handled[-1].key
        return count


def _position(cursor: str) -> Cursor:
    position = Cursor.decode(cursor)
    if not KEY.fullmatch(position.id):
        raise invalid_cursor()
    return position


def _entry(event: Event) -> Activity:
    try:
        data = LoggedData.model_validate(event.data)
    except ValidationError as error:
        wrong = "; ".join(f"data.{each['loc'][0]}: {each['msg']}" for each in error.errors())
        raise InvalidEvent(wrong) from None
    return Activity(key=event.key, id=event.id, type=event.type, user_id=data.user_id, by=data.by, time=event.time)
