"""Changes of records together with their events, and what becomes of these, on a database with transactions."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model, Q

from service.domain.events import DeadLetter, Event
from service.events import models
from service.events.models import Inbox, Lease, Outbox, Recorded
from service.events.signals import event_stored

type Handler = Callable[[Event], None]


def insert(record: Model, event: Event) -> None:
    """Stores a new record, and the event with it.

    Raises:
        IntegrityError: The record breaks a constraint; nothing is stored.
    """
    with transaction.atomic():
        record.save(force_insert=True)
        append(event)


def update(record: Model, event: Event, **conditions: object) -> bool:
    """Stores a changed record, and the event with it, if the stored one meets the conditions, such as `version=1`."""
    values = {field.attname: getattr(record, field.attname) for field in record._meta.concrete_fields}
    del values[record._meta.pk.attname]
    with transaction.atomic():
        # Before the event: whoever else changes this record waits here, so its events get their order by it.
        is_changed = type(record)._base_manager.filter(pk=record.pk, **conditions).update(**values) == 1
        if is_changed:
            append(event)
    return is_changed


def delete(record: Model, event: Event, **conditions: object) -> bool:
    """Deletes a record, and stores the event, if the stored record meets the conditions."""
    with transaction.atomic():
        found = type(record)._base_manager.select_for_update().filter(pk=record.pk, **conditions).first()
        if found is None:
            return False
        found.delete()
        append(event)
    return True


def append(event: Event) -> None:
    """Stores an event, in the transaction under way if there is one."""
    Outbox.objects.create(**_values(event))
    transaction.on_commit(lambda: event_stored.send(Outbox), robust=True)


def pending(limit: int) -> Sequence[Event]:
    """The oldest events that are still to be published."""
    return [_event(row) for row in Outbox.objects.order_by("position")[:limit]]


def remove(events: Sequence[Event]) -> None:
    Outbox.objects.filter(event_id__in=[event.id for event in events]).delete()


def handle_once(event: Event, handler: Handler) -> bool:
    """Carries out a handler, unless the event is in the inbox, and puts it there: all of it or nothing.

    Returns:
        Whether it was new.
    """
    with transaction.atomic():
        # The inbox first: whoever else has the same event under way waits there for the end of this transaction.
        _, is_new = Inbox.objects.get_or_create(key=event.key, defaults=_values(event))
        if is_new:
            handler(event)
    return is_new


def handled(after: str, types: Sequence[str], limit: int) -> Sequence[Event]:
    """Up to `limit` events of these types, in the order of their keys, from behind the key `after` on."""
    rows = Inbox.objects.filter(key__gt=after, type__in=types).order_by("key")[:limit]
    return [_event(row) for row in rows]


def park(letter: DeadLetter) -> None:
    models.DeadLetter.objects.create(
        id=letter.id, body=letter.body, error=letter.error, attempts=letter.attempts, parked_at=letter.parked_at
    )


def parked(limit: int) -> Sequence[DeadLetter]:
    return [_letter(row) for row in models.DeadLetter.objects.all()[:limit]]


def find_parked(letter_id: str) -> DeadLetter | None:
    row = models.DeadLetter.objects.filter(id=letter_id).first()
    return _letter(row) if row else None


def discard(letter_id: str) -> None:
    models.DeadLetter.objects.filter(id=letter_id).delete()


def take_lease(name: str, owner: str, now: datetime, until: datetime) -> bool:
    """Takes a lease that is free or has run out, or prolongs one's own."""
    is_free = Q(owner=owner) | Q(until__lte=now)
    if Lease.objects.filter(is_free, name=name).update(owner=owner, until=until):
        return True
    _, is_new = Lease.objects.get_or_create(name=name, defaults={"owner": owner, "until": until})
    return is_new


def give_back_lease(name: str, owner: str) -> None:
    Lease.objects.filter(name=name, owner=owner).delete()


def _values(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "data": event.data,
        "trace": event.trace,
    }


def _event(row: Recorded) -> Event:
    return Event(
        id=row.event_id,
        source=row.source,
        type=row.type,
        subject=row.subject,
        time=row.time,
        data=row.data,
        trace=row.trace,
    )


def _letter(row: models.DeadLetter) -> DeadLetter:
    return DeadLetter(id=row.id, body=bytes(row.body), error=row.error, attempts=row.attempts, parked_at=row.parked_at)
