"""Kafka, by aiokafka: one topic for all events, keyed by subject, one consumer group for each service and topic.

A client of aiokafka forgets the connection that it is making when it is cancelled in its start: so none is. When it is
cancelled while it closes, it forgets that: so it is asked for.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import override

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from service.about import NAME
from service.adapters.broker.common import Publisher, confirming
from service.domain.events import Event
from service.platform import cloudevents
from service.platform.outages import Outage, reconnecting
from service.platform.ports import Clock, EventBus
from service.platform.workers import finish, is_stopping
from service.settings import Settings

PARTITIONS = 6
"""Of a topic that does not exist yet: so many instances can share the work."""

BROKERS_DEFAULT = -1
BATCH = 200

IDLE_SECONDS = 5
"""How long nothing may come before it is looked whether the broker is there at all, and how long that may take."""

type Handle = Callable[[bytes], Awaitable[None]]


@asynccontextmanager
async def connect(settings: Settings, clock: Clock) -> AsyncGenerator[EventBus]:
    # It tells of each of its attempts, some ten a second; of an outage is told elsewhere, and once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
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
        await reconnecting("receive events", lambda outage: self._consume(handle, outage), (KafkaError,))

    async def ping(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
        try:
            await admin.start()
        finally:
            await admin.close()

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, OSError):
                async with asyncio.timeout(1):
                    await producer.stop()

    async def _running_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            await self._create_topic()
            producer = AIOKafkaProducer(
                bootstrap_servers=self._servers, client_id=NAME, acks="all", enable_idempotence=True, linger_ms=5
            )
            self._producer = producer  # Even before it runs, so that it is closed should it not come to that.
            await finish(producer.start())
        return self._producer

    async def _consume(self, handle: Handle, outage: Outage) -> None:
        await self._create_topic()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            client_id=NAME,
            group_id=f"{NAME}.{self._topic}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await finish(consumer.start())
            consumer.subscribe([self._topic])  # Only now: a start would wait for the group, and is not to be cancelled.
            outage.end()
            while not is_stopping():
                found = await consumer.getmany(timeout_ms=IDLE_SECONDS * 1000, max_records=BATCH)
                bodies = [record.value or b"" for records in found.values() for record in records]
                if bodies:
                    await finish(_handle(consumer, bodies, handle))
                else:
                    await self._look_for_broker(outage)
        finally:
            await consumer.stop()

    async def _look_for_broker(self, outage: Outage) -> None:
        """Tells of an outage that the consumer gets over by itself: it goes on trying without a word."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self.ping()
        except (KafkaError, OSError) as error:
            outage.notice(error)
        else:
            outage.end()

    async def _create_topic(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
        try:
            await finish(admin.start())
            # Nothing happens if it exists. Without assignments, the broker's default is no legal replication factor.
            await admin.create_topics([NewTopic(self._topic, PARTITIONS, BROKERS_DEFAULT, replica_assignments={})])
        finally:
            await admin.close()


async def _handle(consumer: AIOKafkaConsumer, bodies: Sequence[bytes], handle: Handle) -> None:
    await asyncio.gather(*map(handle, bodies))
    await consumer.commit()
