"""Makes the events that the use cases raise."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from service.about import SOURCE
from service.domain import events
from service.domain.events import Event
from service.domain.users import User
from service.platform import trace_context
from service.platform.ports import Clock


class Events:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def user_created(self, user: User, *, by: str | None) -> Event:
        return self._event(events.USER_CREATED, user.id, {"by": by, **_public(user)}, user.created_at)

    def user_updated(self, user: User, changed: Iterable[str], *, by: str) -> Event:
        return self._event(events.USER_UPDATED, user.id, {"by": by, "changed": sorted(changed), **_public(user)})

    def user_deleted(self, user: User, *, by: str) -> Event:
        return self._event(events.USER_DELETED, user.id, {"by": by})

    def session_started(self, user: User) -> Event:
        return self._event(events.SESSION_STARTED, user.id, {"by": user.id})

    def session_refused(self, user: User | None) -> Event:
        """Without what was entered as the name: people enter their password there."""
        return self._event(events.SESSION_REFUSED, user.id if user else "", {"by": None})

    def _event(self, kind: str, subject: str, data: dict[str, Any], time: datetime | None = None) -> Event:
        return Event(
            source=SOURCE,
            type=kind,
            subject=subject,
            time=time or self._clock.now(),
            data={"user_id": subject or None, **data},
            trace=trace_context.current(),
        )


def _public(user: User) -> dict[str, Any]:
    return {"email": user.email, "name": user.name, "role": user.role}
