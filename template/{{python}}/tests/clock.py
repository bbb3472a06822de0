from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass(slots=True)
class MovableClock:
    """A clock that stands still, and is moved by hand."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def now(self) -> datetime:
        return self.time

    def move(self, **distance: float) -> None:
        self.time += timedelta(**distance)
