"""Events for the tests."""

from datetime import UTC, datetime

from service.domain.events import SESSION_STARTED, Event

NOON = datetime(2026, 2, 3, 12, 0, 0, 123000, UTC)


def new_event(subject: str = "somebody", kind: str = SESSION_STARTED) -> Event:
    """An event that the activity log can be made of."""
    data = {"user_id": subject or None, "by": subject or None}
    return Event(source="/tests", type=kind, subject=subject, time=NOON, data=data)
