"""Makes the events that users and sessions raise."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from service.about import SOURCE
from service.adapters.clock import SystemClock
from service.domain import events
from service.domain.events import Event
from service.platform import trace_context
from service.users.models import User


def user_created(user: User, *, by: str | None) -> Event:
    return _event(events.USER_CREATED, str(user.id), {"by": by, **_public(user)}, user.created_at)


def user_updated(user: User, changed: Iterable[str], *, by: str | None) -> Event:
    return _event(events.USER_UPDATED, str(user.id), {"by": by, "changed": sorted(changed), **_public(user)})


def user_deleted(user: User, *, by: str | None) -> Event:
    return _event(events.USER_DELETED, str(user.id), {"by": by})


def session_started(user: User) -> Event:
    return _event(events.SESSION_STARTED, str(user.id), {"by": str(user.id)})


def session_refused(user: User | None) -> Event:
    """Without what was entered as the name: people enter their password there."""
    return _event(events.SESSION_REFUSED, str(user.id) if user else "", {"by": None})


def _event(kind: str, subject: str, data: dict[str, Any], time: datetime | None = None) -> Event:
    return Event(
        source=SOURCE,
        type=kind,
        subject=subject,
        time=time or SystemClock().now(),
        data={"user_id": subject or None, **data},
        trace=trace_context.current(),
    )


def _public(user: User) -> dict[str, Any]:
    return {"email": user.email, "name": user.name, "role": str(user.role)}
