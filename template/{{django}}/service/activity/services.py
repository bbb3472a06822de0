"""The activity log is written here, and nowhere else: from events."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from service.activity.models import Activity
from service.domain import events
from service.domain.events import Event, InvalidEvent
from service.events import storage
from service.events.models import Inbox

LOGGED = (
    events.USER_CREATED,
    events.USER_UPDATED,
    events.USER_DELETED,
    events.SESSION_STARTED,
    events.SESSION_REFUSED,
)

type Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


class LoggedData(BaseModel):
    """What an event has to say to be logged. Its sender may be another service."""

    model_config = ConfigDict(extra="ignore")

    user_id: Id | None
    by: Id | None


def log_activity(event: Event) -> None:
    """The projection: one event, one entry.

    Raises:
        InvalidEvent: Its data is not what its type promises.
    """
    data = _read(event)
    entry = {"event_id": event.id, "type": event.type, "user_id": data.user_id, "by": data.by, "time": event.time}
    Activity.objects.update_or_create(key=event.key, defaults=entry)


def rebuild_activity(batch: int = 500) -> int:
    """Makes the log anew from all events that were ever handled, while the service runs.

    Entries without an event go; each other one is replaced by what is made of its event now.
    Readers and the consumer may go on in the meantime.

    Returns:
        From how many events.
    """
    # First, since a database without transactions may have the entry of an event under way before the event.
    _discard_unfounded(batch)
    count = 0
    after = ""
    while handled := storage.handled(after, LOGGED, batch):
        for event in handled:
            log_activity(event)
        count += len(handled)
        after = handled[-1].key
    return count


def _discard_unfounded(batch: int) -> None:
    """Removes entries without an event. Asks for the keys, since not every database can delete by a subquery."""
    keys = Activity.objects.order_by("key").values_list("key", flat=True)
    after = ""
    while found := list(keys.filter(key__gt=after)[:batch]):
        founded = Inbox.objects.filter(key__in=found).values_list("key", flat=True)
        Activity.objects.filter(key__in=set(found) - set(founded)).delete()
        after = found[-1]


def _read(event: Event) -> LoggedData:
    try:
        return LoggedData.model_validate(event.data)
    except ValidationError as error:
        wrong = "; ".join(f"data.{each['loc'][0]}: {each['msg']}" for each in error.errors())
        raise InvalidEvent(wrong) from None
