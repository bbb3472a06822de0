"""Publishes what the outbox holds: at least once, and in order for each subject."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import structlog

from service.domain.errors import Unavailable
from service.platform.metrics import Metrics
from service.platform.outages import Outage
from service.platform.ports import Clock, EventBus, EventStorage
from service.platform.workers import finish

log = structlog.get_logger()

LEASE = "relay"
LEASE_SECONDS = 5.0
"""How long the others wait until they take over from an instance that has died."""

GIVE_BACK_SECONDS = 2.0
POLL_SECONDS = 1.0
BATCH = 500


class Relay:
    """Of all instances, one publishes at a time: the one that holds the lease."""

    def __init__(self, storage: EventStorage[Any], bus: EventBus, clock: Clock, metrics: Metrics) -> None:
        self._storage = storage
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._owner = uuid.uuid4().hex

    async def run(self) -> None:
        """Goes on until it is cancelled, which interrupts neither the database nor the broker."""
        outage = Outage("publish events")
        try:
            while True:
                try:
                    count = await finish(self._publish_batch())
                except Unavailable as error:
                    outage.notice(error)
                    await asyncio.sleep(POLL_SECONDS)
                else:
                    outage.end()
                    if not count:
                        await self._storage.wait_for_events(POLL_SECONDS)
        finally:
            await self._let_others()

    async def _publish_batch(self) -> int:
        if not await self._take_lease():
            return 0
        events = await self._storage.pending(BATCH)
        self._metrics.outbox_events.set(len(events))
        if events:
            await self._bus.publish(events)
            await self._storage.remove(events)
        for event in events:
            self._metrics.events_published.labels(event.type).inc()
        return len(events)

    async def _take_lease(self) -> bool:
        now = self._clock.now()
        return await self._storage.take_lease(LEASE, self._owner, now, now + timedelta(seconds=LEASE_SECONDS))

    async def _let_others(self) -> None:
        try:
            async with asyncio.timeout(GIVE_BACK_SECONDS):
                await self._storage.give_back_lease(LEASE, self._owner)
        except (Unavailable, TimeoutError):
            log.debug("the lease of the relay runs out by itself")
