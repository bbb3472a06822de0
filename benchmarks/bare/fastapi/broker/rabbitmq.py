"""The shortest way of events through RabbitMQ, by aio-pika: persistent, confirmed, acknowledged."""

import asyncio
from collections.abc import Sequence

import aio_pika
from aio_pika.abc import AbstractIncomingMessage


async def carry(url: str, batches: Sequence[Sequence[bytes]]) -> None:
    left = sum(map(len, batches))
    done = asyncio.Event()

    async def receive(message: AbstractIncomingMessage) -> None:
        nonlocal left
        await message.ack()
        left -= 1
        if not left:
            done.set()

    async with await aio_pika.connect(url) as publishing, await aio_pika.connect(url) as consuming:
        publisher, consumer = await publishing.channel(), await consuming.channel()
        queue = await consumer.declare_queue("bare", durable=True)
        await consumer.set_qos(prefetch_count=100)
        await queue.consume(receive)
        for batch in batches:
            messages = [aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT) for body in batch]
            await asyncio.gather(*(publisher.default_exchange.publish(message, queue.name) for message in messages))
        await done.wait()
