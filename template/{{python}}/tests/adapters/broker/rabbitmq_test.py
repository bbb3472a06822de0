"""What only RabbitMQ has: two ways for an event to go, and connections that may be lost."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from operator import contains
from secrets import token_hex

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection

from service.adapters.broker import rabbitmq
from service.adapters.broker.rabbitmq import RabbitEventBus
from service.domain.errors import Unavailable
from service.domain.events import Event
from service.platform import cloudevents, outages
from service.settings import Settings
from tests.adapters.broker.rabbitmq import delete, own
from tests.clock import MovableClock
from tests.events import new_event
from tests.patience import PATIENCE_SECONDS, until


@pytest.fixture
async def kinds(configured: Settings) -> AsyncIterator[list[str]]:
    """Types of events that nobody else knows; each has a queue in the default exchange."""
    kinds = [f"tests.{token_hex(6)}" for _ in range(2)]
    yield kinds
    await delete(configured.broker_url, queues=kinds, exchanges=[])


@pytest.fixture
async def default_bus(configured: Settings) -> AsyncIterator[RabbitEventBus]:
    bus = RabbitEventBus(configured.broker_url, "", MovableClock())
    yield bus
    await bus.close()


def telling[**Arguments](
    connect: Callable[Arguments, Awaitable[AbstractConnection]], found: list[AbstractConnection]
) -> Callable[Arguments, Awaitable[AbstractConnection]]:
    async def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> AbstractConnection:
        connection = await connect(*arguments, **named)
        found.append(connection)
        return connection

    return call


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[AbstractConnection]:
    """All that are opened from now on."""
    found: list[AbstractConnection] = []
    monkeypatch.setattr(aio_pika, "connect", telling(aio_pika.connect, found))
    monkeypatch.setattr(outages, "RECONNECT_SECONDS", 0.01)
    return found


@asynccontextmanager
async def reading(bus: RabbitEventBus, kinds: list[str]) -> AsyncGenerator[list[Event]]:
    found: list[Event] = []

    async def handle(body: bytes) -> None:
        found.append(cloudevents.decode(body))

    task = asyncio.create_task(bus.consume(kinds, handle))
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_without_an_exchange_each_type_has_a_queue_that_keeps_events(
    default_bus: RabbitEventBus, kinds: list[str]
) -> None:
    sent = [new_event(kind=kinds[0]), new_event(kind=kinds[1]), new_event(kind=kinds[0])]
    await default_bus.publish(sent)
    async with reading(default_bus, kinds[:1]) as found:
        await until(lambda: len(found) >= 2)
        assert found == [sent[0], sent[2]]
    async with reading(default_bus, kinds) as found:
        await until(lambda: bool(found))
        await asyncio.sleep(0.05)
        assert found == [sent[1]]


async def test_two_readers_share_what_comes(default_bus: RabbitEventBus, kinds: list[str]) -> None:
    sent = [new_event(f"user {number}", kinds[0]) for number in range(20)]
    async with reading(default_bus, kinds) as one, reading(default_bus, kinds) as other:
        await asyncio.sleep(0.2)
        await default_bus.publish(sent)
        await until(lambda: len(one) + len(other) >= 20)

    assert one
    assert other
    assert sorted(event.id for event in (*one, *other)) == sorted(event.id for event in sent)


async def test_it_goes_on_after_its_connections_were_lost(
    default_bus: RabbitEventBus, kinds: list[str], connections: list[AbstractConnection]
) -> None:
    async with reading(default_bus, kinds) as found:
        for number in range(3):
            event = new_event(kind=kinds[0])
            await default_bus.publish([event])
            await until(partial(contains, found, event))
            assert len(connections) == 2 * (number + 1)
            for connection in connections[-2:]:
                await connection.close()


async def test_a_message_whose_connection_was_lost_comes_again(
    default_bus: RabbitEventBus, kinds: list[str], connections: list[AbstractConnection]
) -> None:
    found: list[bytes] = []
    is_lost = asyncio.Event()

    async def handle(body: bytes) -> None:
        found.append(body)
        await is_lost.wait()

    await default_bus.publish([new_event(kind=kinds[0])])
    task = asyncio.create_task(default_bus.consume(kinds, handle))
    await until(lambda: len(found) == 1)
    await connections[-1].close()
    is_lost.set()
    await until(lambda: len(found) == 2)
    task.cancel()
    await asyncio.wait([task])


async def test_a_message_whose_handler_breaks_breaks_the_reader_and_comes_again(
    default_bus: RabbitEventBus, kinds: list[str]
) -> None:
    async def handle(_body: bytes) -> None:
        raise RuntimeError("no luck")

    event = new_event(kind=kinds[0])
    await default_bus.publish([event])
    with pytest.raises(RuntimeError, match="no luck"):
        await asyncio.wait_for(default_bus.consume(kinds, handle), PATIENCE_SECONDS)
    async with reading(default_bus, kinds) as found:
        await until(lambda: bool(found))
        assert found == [event]


async def test_through_an_exchange_a_service_reads_the_types_that_it_handles(
    configured: Settings, kinds: list[str]
) -> None:
    async with own(configured) as space, rabbitmq.connect(configured.model_copy(update=space), MovableClock()) as bus:
        assert isinstance(bus, RabbitEventBus)
        await bus.publish([new_event(kind=kinds[0])])  # There is no reader yet, and never was one.
        async with reading(bus, kinds[:1]) as found:
            await asyncio.sleep(0)
            wanted = new_event(kind=kinds[0])
            await bus.publish([new_event(kind=kinds[1]), wanted])
            await until(lambda: bool(found))
            await asyncio.sleep(0.05)
            assert found == [wanted]


async def test_through_an_exchange_events_wait_for_a_service_that_consumes_them_elsewhere_and_later(
    configured: Settings, kinds: list[str]
) -> None:
    async with own(configured) as space:
        settings = configured.model_copy(update=space)
        async with rabbitmq.connect(settings, MovableClock()) as relays:
            relays.subscribe(kinds[:1])
            wanted = new_event(kind=kinds[0])
            await relays.publish([new_event(kind=kinds[1]), wanted])
        async with rabbitmq.connect(settings, MovableClock()) as consumers:
            assert isinstance(consumers, RabbitEventBus)
            async with reading(consumers, kinds[:1]) as found:
                await until(lambda: bool(found))
                assert found == [wanted]


async def test_a_broker_that_is_not_there_is_unavailable(kinds: list[str]) -> None:
    bus = RabbitEventBus("amqp://127.0.0.1:1/", "", MovableClock())

    with pytest.raises(Unavailable):
        await bus.publish([new_event(kind=kinds[0])])
    with pytest.raises(OSError, match="1"):
        await bus.ping()
