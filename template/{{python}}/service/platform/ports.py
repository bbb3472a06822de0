"""What the workers of the events need from the outside world. Every method may raise `Unavailable`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from service.domain.events import DeadLetter, Event


class Clock(Protocol):
    def now(self) -> datetime:
        """The time in UTC, to the millisecond, which every database keeps exactly."""
        ...


class EventBus(Protocol):
    """Carries events from service to service, each of them to one instance of every service that wants it.

    `service.adapters.broker` has one for each broker; each of them connects by itself, again and again if need be.
    """

    async def publish_event(self, event_type: str, data: Mapping[str, Any], *, subject: str = "") -> None:
        """Publishes an event right away, without the outbox: for what may get lost when the service is killed."""
        ...

    async def publish(self, events: Sequence[Event]) -> None:
        """Publishes events, those of one subject in this order; returns when the broker has stored them all."""
        ...

    def subscribe(self, types: Sequence[str]) -> None:
        """Lets all that is published from now on wait for this service, even before it consumes, or elsewhere."""
        ...

    async def consume(self, types: Sequence[str], handle: Callable[[bytes], Awaitable[None]]) -> None:
        """Delivers messages until it is cancelled, many at a time.

        One is acknowledged when `handle` returns, and delivered again if that never happens.
        """
        ...

    async def ping(self) -> None: ...


class EventStorage[Handler](Protocol):
    """Where events wait to be published, and are kept when they have been handled. Each method is all or nothing."""

    async def pending(self, limit: int) -> Sequence[Event]:
        """The oldest events that are still to be published, those of one subject in the order they happened."""
        ...

    async def remove(self, events: Sequence[Event]) -> None:
        """Forgets events that have been published."""
        ...

    async def wait_for_events(self, seconds: float) -> None:
        """Returns when there may be a new event to publish, or after that time."""
        ...

    async def handle_once(self, event: Event, handler: Handler) -> bool:
        """Carries out a handler, unless the event has been handled before.

        Returns:
            Whether it was new.
        """
        ...

    async def park(self, letter: DeadLetter) -> None:
        """Puts a message aside that could not be handled."""
        ...

    async def parked(self, limit: int) -> Sequence[DeadLetter]:
        """What has been put aside, the oldest first."""
        ...

    async def find_parked(self, letter_id: str) -> DeadLetter | None: ...

    async def discard(self, letter_id: str) -> None:
        """Forgets a message that was put aside."""
        ...

    async def take_lease(self, name: str, owner: str, now: datetime, until: datetime) -> bool:
        """Takes a lease that is free or has run out, or prolongs one's own.

        Returns:
            False if somebody else has it.
        """
        ...

    async def give_back_lease(self, name: str, owner: str) -> None: ...
