"""RabbitMQ, by aio-pika.

By default an event goes through the default exchange, with its type as the routing key: into the queue of that name,
from which each event goes to one of all consumers. With the setting `EVENTS_EXCHANGE` it goes through the topic
exchange of that name, and every service has a queue of its own, which is named after both.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import override

import aio_pika
from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from service.about import NAME
from service.adapters.broker.common import Publisher, confirming
from service.domain.events import Event
from service.platform import cloudevents
from service.platform.outages import Outage, reconnecting
from service.platform.ports import Clock, EventBus
from service.platform.workers import drain
from service.settings import Settings

FAILURES = (AMQPError, ChannelInvalidStateError)
PREFETCH = 100
CONNECT_SECONDS = 5.0

type Handle = Callable[[bytes], Awaitable[None]]


@asynccontextmanager
async def connect(settings: Settings, clock: Clock) -> AsyncGenerator[EventBus]:
    bus = RabbitEventBus(settings.broker_url, settings.events_exchange, clock)
    try:
        yield bus
    finally:
        await bus.close()


class RabbitEventBus(Publisher):
    def __init__(self, url: str, exchange: str, clock: Clock) -> None:
        super().__init__(clock)
        self._url = url
        self._exchange = exchange
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._subscribed: frozenset[str] = frozenset()
        self._declared: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    @override
    async def publish(self, events: Sequence[Event]) -> None:
        async with self._one_at_a_time:
            try:
                async with confirming(FAILURES):
                    exchange = await self._publishing_exchange({event.type for event in events})
                    # Each waits for the broker's confirmation; they are sent in this order all the same.
                    await asyncio.gather(*(self._send(exchange, event) for event in events))
            except BaseException:
                await self.close()  # It may hang; the next one starts afresh.
                raise

    @override
    def subscribe(self, types: Sequence[str]) -> None:
        self._subscribed = frozenset(types)

    async def consume(self, types: Sequence[str], handle: Handle) -> None:
        self.subscribe(types)
        await reconnecting("receive events", lambda outage: self._consume(types, handle, outage), FAILURES)

    async def ping(self) -> None:
        async with await self._open() as connection:
            await connection.channel()

    async def close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(*FAILURES, OSError):
                async with asyncio.timeout(1):
                    await connection.close()

    async def _send(self, exchange: AbstractExchange, event: Event) -> None:
        message = Message(
            cloudevents.encode(event),
            content_type=cloudevents.CONTENT_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=event.id,
            type=event.type,
        )
        # Through the default exchange it has to reach its queue; a topic need not interest anybody.
        await exchange.publish(message, event.type, mandatory=not self._exchange)

    async def _publishing_exchange(self, types: set[str]) -> AbstractExchange:
        if self._channel is None or self._channel.is_closed:
            self._connection = await self._open()
            self._channel = await self._connection.channel(publisher_confirms=True)
            self._declared.clear()
        # Before anything is published: an exchange keeps nothing for a queue that is not there yet.
        kept = self._subscribed if self._exchange else types
        if not kept <= self._declared:
            await self._declare_queues(self._channel, sorted(kept - self._declared))
            self._declared |= kept
        return await self._declare_exchange(self._channel) if self._exchange else self._channel.default_exchange

    async def _consume(self, types: Sequence[str], handle: Handle, outage: Outage) -> None:
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        under_way: set[asyncio.Task[None]] = set()

        async def receive(message: AbstractIncomingMessage) -> None:
            task = asyncio.create_task(_handle(message, handle))
            under_way.add(task)
            task.add_done_callback(handled)

        def handled(task: asyncio.Task[None]) -> None:
            under_way.discard(task)
            error = None if task.cancelled() else task.exception()
            if error and not end.done():
                end.set_exception(error)

        def lost(*_: object) -> None:
            if not end.done():
                end.set_result(None)

        async with await self._open() as connection:
            connection.close_callbacks.add(lost)
            channel = await connection.channel()
            channel.close_callbacks.add(lost)
            await channel.set_qos(prefetch_count=PREFETCH)
            consuming = [(queue, await queue.consume(receive)) for queue in await self._declare_queues(channel, types)]
            outage.end()
            try:
                await end
            finally:
                with suppress(*FAILURES, OSError):
                    for queue, tag in consuming:
                        await queue.cancel(tag)
                await drain(list(under_way))

    async def _declare_queues(self, channel: AbstractChannel, types: Sequence[str]) -> list[AbstractQueue]:
        if not self._exchange:
            return [await channel.declare_queue(each, durable=True) for each in types]
        exchange = await self._declare_exchange(channel)
        queue = await channel.declare_queue(f"{NAME}.{self._exchange}", durable=True)
        for each in types:
            await queue.bind(exchange, each)
        return [queue]

    async def _declare_exchange(self, channel: AbstractChannel) -> AbstractExchange:
        return await channel.declare_exchange(self._exchange, ExchangeType.TOPIC, durable=True)

    async def _open(self) -> AbstractConnection:
        return await aio_pika.connect(self._url, timeout=CONNECT_SECONDS, client_properties={"connection_name": NAME})


async def _handle(message: AbstractIncomingMessage, handle: Handle) -> None:
    await handle(message.body)
    with suppress(*FAILURES, OSError):  # A message whose connection is gone comes again, and is known then.
        await message.ack()
