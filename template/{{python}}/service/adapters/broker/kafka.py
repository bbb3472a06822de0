"""Kafka, by aiokafka: one topic for all events, keyed by subject, one consumer group for each service and topic."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import override

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from service.about import NAME
from service.adapters.broker.common import Publisher, confirming
from service.domain.events import Event
from service.platform import cloudevents
from service.platform.outages import reconnecting
from service.platform.ports import Clock, EventBus
from service.platform.workers import finish
from service.settings import Settings

PARTITIONS = 6
"""Of a topic that does not exist yet: so many instances can share the work."""

BROKERS_DEFAULT = -1
BATCH = 200

type Handle = Callable[[bytes], Awaitable[None]]


@asynccontextmanager
async def connect(settings: Settings, clock: Clock) -> AsyncIterator[EventBus]:
    bus = KafkaEventBus(settings.broker_url.removeprefix("kafka://"), settings.events_topic, clock)
    try:
        yield bus
    finally:
        await bus.close()


class KafkaEventBus(Publisher):
    def __init__(self, servers: str, topic: str, clock: Clock) -> None:
        super().__init__(clock)
        self._servers = servers
        self._topic = topic
        self._producer: AIOKafkaProducer | None = None
        self._one_at_a_time = asyncio.Lock()

    @override
    async def publish(self, events: Sequence[Event]) -> None:
        async with self._one_at_a_time:
            try:
                async with confirming((KafkaError,)):
                    producer = await self._running_producer()
                    confirmations = [
                        await producer.send(self._topic, cloudevents.encode(event), event.subject.encode() or None)
                        for event in events
                    ]
                    await asyncio.gather(*confirmations)
            except BaseException:
                await self.close()
                raise

    async def consume(self, types: Sequence[str], handle: Handle) -> None:  # noqa: ARG002 - all are in one topic.
        await reconnecting("receive events", lambda connected: self._consume(handle, connected), (KafkaError,))

    async def ping(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
        try:
            await admin.start()
        finally:
            await admin.close()

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await producer.stop()

    async def _running_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            await self._create_topic()
            producer = AIOKafkaProducer(
                bootstrap_servers=self._servers, client_id=NAME, acks="all", enable_idempotence=True, linger_ms=5
            )
            self._producer = producer  # Even before it runs, so that it is closed should it not come to that.
            await producer.start()
        return self._producer

    async def _consume(self, handle: Handle, connected: Callable[[], None]) -> None:
        await self._create_topic()
        consumer = AIOKafkaConsumer(
            self._topic,
            bootstrap_servers=self._servers,
            client_id=NAME,
            group_id=f"{NAME}.{self._topic}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            connected()
            while True:
                found = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
                bodies = [record.value or b"" for records in found.values() for record in records]
                if bodies:
                    await finish(_handle(consumer, bodies, handle))
        finally:
            await consumer.stop()

    async def _create_topic(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
        try:
            await admin.start()
            # Nothing happens if it exists. Without assignments, the broker's default is no legal replication factor.
            await admin.create_topics([NewTopic(self._topic, PARTITIONS, BROKERS_DEFAULT, replica_assignments={})])
        finally:
            await admin.close()


async def _handle(consumer: AIOKafkaConsumer, bodies: Sequence[bytes], handle: Handle) -> None:
    await asyncio.gather(*map(handle, bodies))
    await consumer.commit()
