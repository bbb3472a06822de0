"""What has happened. Events are named in the past tense, and never change afterwards.

Their form on the wire, and the form of their data, are described in `contract/asyncapi.yaml`.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

USER_CREATED = "user.created"
USER_UPDATED = "user.updated"
USER_DELETED = "user.deleted"
SESSION_STARTED = "session.started"
SESSION_REFUSED = "session.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    source: str
    """The service in which it happened."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """Unique within its source."""
    type: str
    subject: str
    """The id of the user it is about, or empty. Events of one subject are published in the order they happened."""
    time: datetime
    data: Mapping[str, Any]
    trace: str | None = None
    """The W3C trace context (`traceparent`) of what caused it."""

    @property
    def key(self) -> str:
        """Names the event among those of all sources, in 32 characters."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{self.source}#{self.id}").hex


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that could not be handled, put aside for somebody to look at."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    body: bytes
    """As it came, whatever it is."""
    error: str
    attempts: int
    parked_at: datetime


class InvalidEvent(Exception):
    """This is no event, or its data is not what its type promises. Trying again does not help."""
