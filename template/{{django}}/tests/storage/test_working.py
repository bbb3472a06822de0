"""The relay and the consumer in processes of their own, on the broker that was chosen."""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command

from service.activity.models import Activity
from service.events import storage, wiring
from service.platform.threads import in_thread
from tests.events import new_event
from tests.patience import PATIENCE_SECONDS, until
from tests.processes import Process, managing
from tests.wiring import broker

pytestmark = pytest.mark.django_db(transaction=True)

COMMANDS = ["relay", "consume"]
NOBODY = "127.0.0.1:1"
SECONDS_DOWN = 3.0

leaving = pytest.mark.skipif(not wiring.LEAVE_THE_PROCESS, reason="there is no broker between processes")


def elsewhere(url: str) -> str:
    """The URL of a server that is not there."""
    return re.sub(r"(?<=://)([^@/]*@)?[^/]+", rf"\g<1>{NOBODY}", url)


async def until_true(look: Callable[[], bool]) -> None:
    """Looks again and again, in the database."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not await in_thread(look):
        assert monotonic() < deadline
        await asyncio.sleep(0.05)


async def until_logged(process: Process, event: str) -> None:
    await until(partial(process.has_logged, event))


@pytest.mark.skipif(wiring.LEAVE_THE_PROCESS, reason="events reach other processes")
@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_broker_they_do_not_start(command: str) -> None:
    with pytest.raises(CommandError, match="serve") as refused:
        call_command(command)
    assert refused.value.returncode == 2


@leaving
async def test_events_wait_for_a_consumer_that_starts_after_the_relay(
    environment: dict[str, str], tmp_path: Path
) -> None:
    event = new_event("ann")
    with managing("relay", environment, tmp_path) as relay:
        await until_logged(relay, "working")
        await in_thread(storage.append, event)
        await until_true(lambda: not storage.pending(10))
        assert relay.stop() == 0
    with managing("consume", environment, tmp_path) as consumer:
        await until_true(Activity.objects.exists)
        assert consumer.stop() == 0

    assert await in_thread(lambda: [entry.event_id for entry in Activity.objects.all()]) == [event.id]
    for each in (relay, consumer):
        told = [(line["level"], line["event"]) for line in each.lines]
        # In between, the library of a broker that is new may say that it waits for it.
        assert (told[0], told[-1]) == (("info", "working"), ("info", "stopped"))


@leaving
@pytest.mark.parametrize(("command", "task"), [("relay", "publish events"), ("consume", "receive events")])
async def test_a_broker_that_is_down_is_told_once(
    environment: dict[str, str], tmp_path: Path, command: str, task: str
) -> None:
    await in_thread(storage.append, new_event("ann"))
    with managing(command, environment | broker.NOWHERE, tmp_path) as process:
        await until_logged(process, "waiting")
        await asyncio.sleep(SECONDS_DOWN)
        assert process.stop() == 0

    assert [line["to"] for line in process.lines if line["event"] == "waiting"] == [task]
    assert not any("exception" in line for line in process.lines)
    assert len(await in_thread(storage.pending, 10)) == 1


@leaving
async def test_a_database_that_is_down_is_told_once(environment: dict[str, str], tmp_path: Path) -> None:
    if not urlsplit(environment["DATABASE_URL"]).hostname:
        pytest.skip("a file is always there")
    down = environment | {"DATABASE_URL": elsewhere(environment["DATABASE_URL"])}
    with managing("relay", down, tmp_path) as process:
        await until_logged(process, "waiting")
        await asyncio.sleep(SECONDS_DOWN)
        assert process.stop() == 0

    waiting = [line["to"] for line in process.lines if line["event"] == "waiting"]
    assert sorted(waiting) == sorted(set(waiting))
    assert "publish events" in waiting
    assert not any("exception" in line for line in process.lines)
