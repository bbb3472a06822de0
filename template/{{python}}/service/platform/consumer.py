"""Handles the messages that a broker delivers: each event once, the failing ones again, the hopeless ones aside."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog
from structlog.contextvars import bound_contextvars

from service.domain.errors import Unavailable
from service.domain.events import DeadLetter, Event, InvalidEvent
from service.platform import cloudevents, trace_context
from service.platform.metrics import Metrics
from service.platform.outages import Outage
from service.platform.ports import Clock, EventStorage

log = structlog.get_logger()

AT_A_TIME = 8
"""Handlers that use the database at the same time: requests need its connections too."""

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0
LONGEST_ERROR = 10_000


class Consumer[Handler]:
    """Give `handle` every message. It returns when the message is done with, and may be acknowledged."""

    def __init__(
        self,
        storage: EventStorage[Handler],
        handlers: Mapping[str, Handler],
        clock: Clock,
        metrics: Metrics,
        *,
        attempts: int,
    ) -> None:
        self._storage = storage
        self._handlers = handlers
        self._clock = clock
        self._metrics = metrics
        self._attempts = attempts
        self._turns = Turns()
        self._outage = Outage("handle events")
        self._places = asyncio.Semaphore(AT_A_TIME)

    async def handle(self, body: bytes) -> None:
        try:
            event = cloudevents.decode(body)
        except InvalidEvent as error:
            await self._park(body, error, attempts=1)
            return
        handler = self._handlers.get(event.type)
        if handler is None:
            self._count(event, "ignored")
            return
        with bound_contextvars(event_id=event.id, event_type=event.type), trace_context.bound(event.trace):
            async with self._turns.of(event.subject):
                await self._handle(event, handler, body)

    async def _handle(self, event: Event, handler: Handler, body: bytes) -> None:
        attempt = 1
        while True:
            try:
                is_new = await self._once_available(lambda: self._handle_once(event, handler))
            except InvalidEvent as error:
                await self._park(body, error, attempts=attempt)
                return
            except Exception as error:
                log.exception("handler failed", attempt=attempt)
                if attempt == self._attempts:
                    await self._park(body, error, attempts=attempt)
                    return
                await asyncio.sleep(_delay(attempt))
                attempt += 1
            else:
                self._count(event, "handled" if is_new else "duplicate")
                self._metrics.event_lag.observe((self._clock.now() - event.time).total_seconds())
                return

    async def _handle_once(self, event: Event, handler: Handler) -> bool:
        async with self._places:
            return await self._storage.handle_once(event, handler)

    async def _park(self, body: bytes, error: Exception, *, attempts: int) -> None:
        letter = DeadLetter(body=body, error=_describe(error), attempts=attempts, parked_at=self._clock.now())
        await self._once_available(lambda: self._storage.park(letter))
        log.error("message parked", dead_letter=letter.id, error=letter.error)
        self._metrics.events_consumed.labels("unknown", "parked").inc()

    async def _once_available[Result](self, action: Callable[[], Awaitable[Result]]) -> Result:
        """Waits as long as it takes: that the database is down is no fault of the message."""
        attempt = 1
        while True:
            try:
                result = await action()
            except Unavailable as error:
                self._outage.notice(error)
                await asyncio.sleep(_delay(attempt))
                attempt += 1
            else:
                self._outage.end()
                return result

    def _count(self, event: Event, result: str) -> None:
        kind = event.type if event.type in self._handlers else "unknown"
        self._metrics.events_consumed.labels(kind, result).inc()


class Turns:
    """Lets events of one subject be handled one after the other, in the order in which they came."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: defaultdict[str, int] = defaultdict(int)

    @asynccontextmanager
    async def of(self, subject: str) -> AsyncGenerator[None]:
        self._waiting[subject] += 1
        try:
            async with self._locks[subject]:
                yield
        finally:
            self._waiting[subject] -= 1
            if not self._waiting[subject]:
                del self._waiting[subject], self._locks[subject]


def _describe(error: Exception) -> str:
    """In characters that every database keeps, or a message could not even be parked."""
    text = f"{type(error).__name__}: {error}".replace("\0", "\\0")
    return text.encode(errors="backslashreplace").decode()[:LONGEST_ERROR]


def _delay(attempt: int) -> float:
    """Doubles from attempt to attempt, with jitter, so that not all come back at once."""
    longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** min(attempt - 1, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret.
