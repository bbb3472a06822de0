"""What only the bus within the process must see to, since there is no broker that would keep an event."""

import asyncio

import pytest

from service.adapters.broker import common
from service.adapters.broker.memory import MemoryEventBus
from service.domain.errors import Unavailable
from service.domain.events import SESSION_STARTED
from tests.clock import MovableClock
from tests.events import new_event


async def test_an_event_is_published_when_it_has_been_handled() -> None:
    bus = MemoryEventBus(MovableClock())
    handled: list[bytes] = []
    may_finish = asyncio.Event()

    async def handle(body: bytes) -> None:
        await may_finish.wait()
        handled.append(body)

    publishing = asyncio.create_task(bus.publish([new_event(), new_event(kind="of.no.interest")]))
    await asyncio.sleep(0.01)
    consuming = asyncio.create_task(bus.consume([SESSION_STARTED], handle))
    await asyncio.sleep(0.01)
    assert not publishing.done()
    may_finish.set()
    await publishing
    assert len(handled) == 1
    consuming.cancel()
    await asyncio.wait([consuming])


async def test_an_event_whose_handler_breaks_is_not_published() -> None:
    bus = MemoryEventBus(MovableClock())

    async def handle(_body: bytes) -> None:
        raise RuntimeError("no luck")

    consuming = asyncio.create_task(bus.consume([SESSION_STARTED], handle))
    with pytest.raises(RuntimeError, match="no luck"):
        await bus.publish([new_event()])
    consuming.cancel()
    await asyncio.wait([consuming])


async def test_where_nobody_handles_events_none_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "PUBLISH_SECONDS", 0.01)
    bus = MemoryEventBus(MovableClock())
    for _ in range(2):
        with pytest.raises(Unavailable):
            await bus.publish([new_event()])
