"""What the buses share: what becomes of a publication that fails, and of a connection that is lost."""

import asyncio

import pytest

from service.adapters.broker import common
from service.adapters.broker.common import confirming, reconnecting
from service.domain.errors import Unavailable


class Lost(Exception):
    """The connection is gone."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "RECONNECT_SECONDS", 0.001)


@pytest.mark.parametrize("error", [Lost("now"), ConnectionRefusedError("nobody there"), TimeoutError()])
async def test_a_publication_that_fails_says_so(error: Exception) -> None:
    with pytest.raises(Unavailable):
        async with confirming((Lost,)):
            raise error


async def test_a_publication_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "PUBLISH_SECONDS", 0.01)
    with pytest.raises(Unavailable):
        async with confirming((Lost,)):
            await asyncio.sleep(60)


async def test_what_is_no_fault_of_the_broker_stays_what_it_is() -> None:
    with pytest.raises(KeyError):
        async with confirming((Lost,)):
            raise KeyError("a bug")


async def test_consuming_begins_anew_whenever_the_connection_is_lost() -> None:
    errors: list[Exception | None] = [Lost("now"), ConnectionRefusedError("nobody there"), None, KeyError("a bug")]

    async def consume() -> None:
        if error := errors.pop(0):
            raise error

    with pytest.raises(KeyError):
        await reconnecting(consume, (Lost,))
    assert errors == []


async def test_who_is_stopped_does_not_connect_again() -> None:
    starts = 0

    async def consume() -> None:
        nonlocal starts
        starts += 1
        try:
            await asyncio.Event().wait()
        finally:
            raise Lost("while it was closed")

    task = asyncio.create_task(reconnecting(consume, (Lost,)))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task], timeout=10)

    assert task.done()
    assert starts == 1
