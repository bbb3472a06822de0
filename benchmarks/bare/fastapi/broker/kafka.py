"""The shortest way of events through Kafka, by aiokafka: idempotent, acknowledged by all, committed by hand."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

TOPIC = "bare"


async def carry(url: str, batches: Sequence[Sequence[bytes]]) -> None:
    servers = url.removeprefix("kafka://")
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 6, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True, linger_ms=5)
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=servers, group_id="bare", enable_auto_commit=False, auto_offset_reset="earliest"
    )
    async with producer, consumer, asyncio.TaskGroup() as tasks:
        tasks.create_task(_consume(consumer, sum(map(len, batches))))
        for batch in batches:
            keyed = [await producer.send(TOPIC, body, body[:36]) for body in batch]
            await asyncio.gather(*keyed)


async def _consume(consumer: AIOKafkaConsumer, left: int) -> None:
    while left > 0:
        found = await consumer.getmany(timeout_ms=1000, max_records=200)
        left -= sum(map(len, found.values()))
        if found:
            await consumer.commit()
