"""Kafka. Reads without a group, so that the services' own reading is not disturbed."""

import asyncio
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from .events import Message


class Client:
    def __init__(self, url: str, topic: str) -> None:
        self._servers = url.removeprefix("kafka://")
        self._topic = topic

    async def publish(self, messages: Sequence[Message]) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self._servers, acks="all") as producer:
            sent = [
                await producer.send(self._topic, message.body, message.subject.encode() or None) for message in messages
            ]
            await asyncio.gather(*sent)

    async def read(self, is_reading: Callable[[], None], receive: Callable[[bytes], None]) -> None:
        async with AIOKafkaConsumer(bootstrap_servers=self._servers) as consumer:
            # The service makes the topic; to ask for it before would make another one.
            while self._topic not in await consumer.topics():  # noqa: ASYNC110 - no event of ours.
                await asyncio.sleep(0.1)
            consumer.subscribe([self._topic])
            while not consumer.assignment():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            for partition in consumer.assignment():
                await consumer.seek_to_end(partition)
                await consumer.position(partition)
            is_reading()
            async for record in consumer:
                receive(record.value or b"")
