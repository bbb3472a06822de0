"""What the event buses share."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from service.about import SOURCE
from service.domain.errors import Unavailable
from service.domain.events import Event
from service.platform import trace_context
from service.platform.ports import Clock

PUBLISH_SECONDS = 30.0
"""How long the broker may take to confirm a batch."""


class Publisher(ABC):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @abstractmethod
    async def publish(self, events: Sequence[Event]) -> None: ...

    def subscribe(self, types: Sequence[str]) -> None:  # noqa: B027 - most have nothing to do.
        """Does nothing, where what is published is kept for whoever comes."""

    async def publish_event(self, event_type: str, data: Mapping[str, Any], *, subject: str = "") -> None:
        event = Event(
            source=SOURCE,
            type=event_type,
            subject=subject,
            time=self._clock.now(),
            data=data,
            trace=trace_context.current(),
        )
        await self.publish([event])


@asynccontextmanager
async def confirming(failures: tuple[type[Exception], ...]) -> AsyncGenerator[None]:
    """Goes around a publication, which either happens in time or raises `Unavailable`."""
    try:
        async with asyncio.timeout(PUBLISH_SECONDS):
            yield
    except (*failures, OSError) as error:
        raise Unavailable("The broker does not answer.") from error
