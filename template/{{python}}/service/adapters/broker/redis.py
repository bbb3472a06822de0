"""Redis: a stream with a consumer group for each service, so that nothing is lost as long as Redis keeps its data.

Whoever only wants to know at once, and can do without what they miss, subscribes to the channel `<stream>:<type>`.
"""

import asyncio
import socket
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any, override

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError, ResponseError

from service.about import NAME
from service.adapters.broker.common import Publisher, confirming
from service.domain.events import Event
from service.platform import cloudevents
from service.platform.outages import Outage, reconnecting
from service.platform.ports import Clock, EventBus
from service.platform.workers import finish
from service.settings import Settings

BODY = b"event"
LONGEST_STREAM = 1_000_000
"""Older entries go, roughly."""

BATCH = 100
BLOCK_MILLISECONDS = 1000
TIMEOUT_SECONDS = 5.0
CLAIM_MILLISECONDS = 10_000
"""What an instance has not handled in this time, another one takes over."""

type Handle = Callable[[bytes], Awaitable[None]]
type Entries = list[tuple[bytes, dict[bytes, bytes]]]


@asynccontextmanager
async def connect(settings: Settings, clock: Clock) -> AsyncGenerator[EventBus]:
    async with Redis.from_url(
        settings.broker_url,
        client_name=NAME,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        # A connection that was lost while nobody used it is replaced.
        retry=Retry(NoBackoff(), 1, (ConnectionLost,)),
    ) as client:
        yield RedisEventBus(client, settings.events_stream, clock)


class RedisEventBus(Publisher):
    def __init__(self, client: Redis, stream: str, clock: Clock) -> None:
        super().__init__(clock)
        self._client = client
        self._stream = stream
        self._name = f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"

    @override
    async def publish(self, events: Sequence[Event]) -> None:
        async with confirming((RedisError,)), self._client.pipeline(transaction=False) as pipeline:
            for event in events:
                body = cloudevents.encode(event)
                pipeline.xadd(self._stream, {BODY: body}, maxlen=LONGEST_STREAM, approximate=True)
                pipeline.publish(f"{self._stream}:{event.type}", body)
            await pipeline.execute()

    async def consume(self, types: Sequence[str], handle: Handle) -> None:  # noqa: ARG002 - all are in one stream.
        await reconnecting("receive events", lambda outage: self._consume(handle, outage), (RedisError,))

    async def ping(self) -> None:
        await self._client.ping()

    async def _consume(self, handle: Handle, outage: Outage) -> None:
        await self._create_group()
        outage.end()
        while True:
            entries = await self._claim() or await self._read()
            if entries:
                await finish(self._handle(entries, handle))

    async def _create_group(self) -> None:
        try:
            await self._client.xgroup_create(self._stream, NAME, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _claim(self) -> Entries:
        """What another instance has begun and not finished, or this one before it was interrupted."""
        _, entries, *_ = await self._client.xautoclaim(
            self._stream, NAME, self._name, min_idle_time=CLAIM_MILLISECONDS, start_id="0-0", count=BATCH
        )
        return entries

    async def _read(self) -> Entries:
        found: Any = await self._client.xreadgroup(
            NAME, self._name, {self._stream: ">"}, count=BATCH, block=BLOCK_MILLISECONDS
        )
        # Version 3 of the protocol, which a URL may ask for, has a map of lists here.
        batches = chain(*found.values()) if isinstance(found, dict) else (entries for _, entries in found or [])
        return list(chain.from_iterable(batches))

    async def _handle(self, entries: Entries, handle: Handle) -> None:
        await asyncio.gather(*(handle(fields.get(BODY, b"")) for _, fields in entries))
        await self._client.xack(self._stream, NAME, *(entry_id for entry_id, _ in entries))
