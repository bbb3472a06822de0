"""What only Redis has: entries that another instance takes over, and channels beside the stream."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex

import pytest
from redis.asyncio import Redis

from service.about import NAME
from service.adapters.broker import redis as redis_bus
from service.adapters.broker.redis import RedisEventBus
from service.domain.errors import Unavailable
from service.platform import cloudevents, outages
from service.settings import Settings
from tests.adapters.broker.redis import own
from tests.clock import MovableClock
from tests.events import new_event
from tests.patience import PATIENCE_SECONDS, until

KINDS = ["one"]


@pytest.fixture
async def space(configured: Settings) -> AsyncIterator[Settings]:
    async with own(configured) as own_settings:
        yield configured.model_copy(update=own_settings)


@asynccontextmanager
async def connected(settings: Settings) -> AsyncGenerator[RedisEventBus]:
    async with redis_bus.connect(settings, MovableClock()) as bus:
        assert isinstance(bus, RedisEventBus)
        yield bus


class Reader:
    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def handle(self, body: bytes) -> None:
        self.bodies.append(body)


@asynccontextmanager
async def reading(bus: RedisEventBus) -> AsyncGenerator[Reader]:
    reader = Reader()
    task = asyncio.create_task(bus.consume(KINDS, reader.handle))
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_what_another_instance_left_undone_is_taken_over(
    space: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_bus, "CLAIM_MILLISECONDS", 50)
    monkeypatch.setattr(redis_bus, "BLOCK_MILLISECONDS", 20)

    async def break_down(_body: bytes) -> None:
        raise RuntimeError("killed")

    event = new_event(kind="one")
    async with connected(space) as one, connected(space) as other:
        await one.publish([event])
        with pytest.raises(RuntimeError, match="killed"):
            await one.consume(KINDS, break_down)
        async with reading(other) as reader:
            await until(lambda: bool(reader.bodies))
            await asyncio.sleep(0.1)

    assert [cloudevents.decode(body) for body in reader.bodies] == [event]


@pytest.mark.parametrize("protocol", [2, 3])
async def test_it_reads_both_versions_of_the_protocol(
    space: Settings, protocol: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_bus, "CLAIM_MILLISECONDS", 50)
    monkeypatch.setattr(redis_bus, "BLOCK_MILLISECONDS", 20)
    url = f"{space.broker_url}?protocol={protocol}"
    async with connected(space.model_copy(update={"broker_url": url})) as bus:
        async with reading(bus) as reader:
            await asyncio.sleep(0.1)  # It finds nothing, which each version says in its own way.
            await bus.publish([new_event(kind="one")])
            await until(lambda: bool(reader.bodies))
        await bus.publish([new_event(kind="one")])
        async with Redis.from_url(url) as client:
            await client.xreadgroup(NAME, "who was killed", {space.events_stream: ">"})
        async with reading(bus) as reader:
            await until(lambda: bool(reader.bodies))


async def test_an_entry_of_somebody_else_is_handed_on_as_it_is(space: Settings) -> None:
    async with connected(space) as bus, Redis.from_url(space.broker_url) as client:
        await client.xadd(space.events_stream, {"event": b"\xff", "more": "1"})
        await client.xadd(space.events_stream, {"unknown": "1"})
        async with reading(bus) as reader:
            await until(lambda: len(reader.bodies) >= 2)

    assert reader.bodies == [b"\xff", b""]


async def test_who_only_wants_to_know_at_once_subscribes(space: Settings) -> None:
    async with connected(space) as bus, Redis.from_url(space.broker_url) as client, client.pubsub() as subscription:
        await subscription.subscribe(f"{space.events_stream}:one")
        event = new_event(kind="one")
        await bus.publish([event])
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for message in subscription.listen():
                if message["type"] == "message":
                    assert cloudevents.decode(message["data"]) == event
                    break


async def has_received(reader: Reader, count: int) -> None:
    await until(lambda: len(reader.bodies) >= count)


async def test_it_goes_on_after_its_connections_were_lost(space: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"tests-{token_hex(6)}"
    monkeypatch.setattr(redis_bus, "NAME", name)
    monkeypatch.setattr(outages, "RECONNECT_SECONDS", 0.01)
    async with connected(space) as bus, Redis.from_url(space.broker_url) as client, reading(bus) as reader:
        for number in range(3):
            await bus.publish([new_event(kind="one")])
            await has_received(reader, number + 1)
            for connection in await client.client_list():
                if connection["name"] == name:
                    await client.client_kill_filter(_id=connection["id"])


async def test_a_stream_that_was_deleted_is_made_anew(space: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "RECONNECT_SECONDS", 0.01)
    async with connected(space) as bus, Redis.from_url(space.broker_url) as client, reading(bus) as reader:
        await bus.publish([new_event(kind="one")])
        await until(lambda: len(reader.bodies) == 1)
        await client.delete(space.events_stream)
        await bus.publish([new_event(kind="one")])
        await until(lambda: len(reader.bodies) == 2)


async def test_a_broker_that_is_not_there_is_unavailable(space: Settings) -> None:
    async with connected(space.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"})) as bus:
        with pytest.raises(Unavailable):
            await bus.publish([new_event()])
