"""RabbitMQ. Without an exchange, nobody but the services can read: each event goes to one of them."""

import asyncio
from collections.abc import Callable, Sequence

import aio_pika
from aio_pika import DeliveryMode, ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange

from .events import Message


class Client:
    def __init__(self, url: str, exchange: str) -> None:
        self._url = url
        self._exchange = exchange

    async def publish(self, messages: Sequence[Message]) -> None:
        async with await aio_pika.connect(self._url) as connection:
            channel = await connection.channel(publisher_confirms=True)
            exchange = await self._declare(channel)
            for message in messages:
                envelope = aio_pika.Message(
                    message.body,
                    content_type="application/cloudevents+json",
                    delivery_mode=DeliveryMode.PERSISTENT,
                )
                await exchange.publish(envelope, message.type, mandatory=not self._exchange)

    async def read(self, is_reading: Callable[[], None], receive: Callable[[bytes], None]) -> None:
        async with await aio_pika.connect(self._url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(exclusive=True)
            await queue.bind(await self._declare(channel), "#")
            async with queue.iterator(no_ack=True) as messages:
                await asyncio.sleep(0)
                is_reading()
                async for message in messages:
                    receive(message.body)

    async def _declare(self, channel: AbstractChannel) -> AbstractExchange:
        if not self._exchange:
            return channel.default_exchange
        return await channel.declare_exchange(self._exchange, ExchangeType.TOPIC, durable=True)
