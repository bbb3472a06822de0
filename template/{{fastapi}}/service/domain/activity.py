"""The activity log: who did what, when. It is a read model, made from events and nothing else."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    key: str
    """The key of the event that it was made from: one event makes one entry, however often it arrives."""
    id: str
    """The id of that event."""
    type: str
    user_id: str | None
    """Whom it is about; None if nobody is known."""
    by: str | None
    """The user who did it; None for the service itself, and for somebody who is not signed in."""
    time: datetime
