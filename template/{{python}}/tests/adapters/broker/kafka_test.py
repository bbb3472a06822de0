"""What only Kafka has: partitions, and offsets that are committed batch by batch."""

import asyncio
import gc
import logging
import warnings
from collections.abc import AsyncIterator

import pytest
from aiokafka.errors import KafkaError
from structlog.testing import capture_logs

from service.adapters.broker import kafka
from service.adapters.broker.kafka import KafkaEventBus
from service.domain.errors import Unavailable
from service.domain.events import Event
from service.platform import cloudevents
from service.settings import Settings
from tests.adapters.broker.kafka import own
from tests.clock import MovableClock
from tests.events import new_event
from tests.patience import PATIENCE_SECONDS, until

KINDS = ["one"]


@pytest.fixture
async def kafka_bus(configured: Settings) -> AsyncIterator[KafkaEventBus]:
    async with own(configured) as space:
        bus = KafkaEventBus(configured.broker_url.removeprefix("kafka://"), space["events_topic"], MovableClock())
        yield bus
        await bus.close()


async def test_what_was_published_before_anybody_read_is_not_lost(kafka_bus: KafkaEventBus) -> None:
    sent = [new_event(f"user {number}", "one") for number in range(20)]
    await kafka_bus.publish(sent)
    found: list[Event] = []

    async def handle(body: bytes) -> None:
        found.append(cloudevents.decode(body))

    reading = asyncio.create_task(kafka_bus.consume(KINDS, handle))
    await until(lambda: len(found) >= 20)
    reading.cancel()
    await asyncio.wait([reading])
    assert sorted(event.subject for event in found) == sorted(event.subject for event in sent)


async def test_an_event_whose_handler_breaks_breaks_the_reader_and_comes_again(kafka_bus: KafkaEventBus) -> None:
    found: list[bytes] = []

    async def handle(body: bytes) -> None:
        found.append(body)
        if len(found) == 1:
            raise RuntimeError("no luck")

    await kafka_bus.publish([new_event(kind="one")])
    with pytest.raises(RuntimeError, match="no luck"):
        await asyncio.wait_for(kafka_bus.consume(KINDS, handle), PATIENCE_SECONDS)
    reading = asyncio.create_task(kafka_bus.consume(KINDS, handle))
    await until(lambda: len(found) >= 2)
    reading.cancel()
    await asyncio.wait([reading])
    assert found[0] == found[1]


async def test_a_broker_that_is_not_there_is_unavailable() -> None:
    bus = KafkaEventBus("127.0.0.1:1", "nowhere", MovableClock())

    with pytest.raises(Unavailable):
        await bus.publish([new_event()])
    with pytest.raises(KafkaError):
        await bus.ping()
    await bus.close()


async def test_publishing_goes_on_after_the_producer_was_closed(kafka_bus: KafkaEventBus) -> None:
    await kafka_bus.publish([new_event(kind="one")])
    await kafka_bus.close()
    await kafka_bus.publish([new_event(kind="one")])


async def test_who_is_stopped_while_it_connects_leaves_no_connection(kafka_bus: KafkaEventBus) -> None:
    async def handle(_body: bytes) -> None:
        pass

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", ResourceWarning)
        for milliseconds in range(20):
            reading = asyncio.create_task(kafka_bus.consume(KINDS, handle))
            await asyncio.sleep(milliseconds / 1000)
            reading.cancel()
            await asyncio.wait([reading])
        gc.collect()

    assert not [str(each.message) for each in found]


async def test_an_outage_in_mid_consumption_is_told_once_and_so_is_its_end(
    kafka_bus: KafkaEventBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = [KafkaError("gone"), TimeoutError(), None, None]

    async def ping() -> None:
        outcome = outcomes.pop(0) if outcomes else None
        if outcome:
            raise outcome

    async def handle(_body: bytes) -> None:
        pass

    monkeypatch.setattr(kafka, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(kafka_bus, "ping", ping)
    with capture_logs() as lines:
        reading = asyncio.create_task(kafka_bus.consume(KINDS, handle))
        await until(lambda: not outcomes)
        reading.cancel()
        await asyncio.wait([reading])

    assert [(line["event"], line["to"]) for line in lines] == [
        ("waiting", "receive events"),
        ("no longer waiting", "receive events"),
    ]


async def test_its_client_does_not_tell_of_each_attempt(configured: Settings, caplog: pytest.LogCaptureFixture) -> None:
    nowhere = configured.model_copy(update={"broker_url": "kafka://127.0.0.1:1"})
    async with kafka.connect(nowhere, MovableClock()) as bus:
        with pytest.raises(KafkaError), caplog.at_level(logging.WARNING):
            await bus.ping()

    assert not caplog.records
