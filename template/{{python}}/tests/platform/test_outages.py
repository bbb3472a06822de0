import asyncio

import pytest
from structlog.testing import capture_logs

from service.domain.errors import Unavailable
from service.platform import outages
from service.platform.outages import Outage, reconnecting


class Lost(Exception):
    """The connection is gone."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "RECONNECT_SECONDS", 0.001)


def test_an_outage_is_told_once_and_so_is_its_end() -> None:
    outage = Outage("do it")
    with capture_logs() as lines:
        outage.end()
        for _ in range(3):
            outage.notice(_unavailable())
        outage.end()
        outage.end()
        outage.notice(Unavailable("The server does not answer."))

    assert [(line["event"], line["to"], line.get("error")) for line in lines] == [
        ("waiting", "do it", "ConnectionRefusedError('nobody there')"),
        ("no longer waiting", "do it", None),
        ("waiting", "do it", "Unavailable('The server does not answer.')"),
    ]


async def test_a_connection_is_made_anew_whenever_it_is_lost() -> None:
    errors: list[Exception | None] = [Lost("now"), ConnectionRefusedError("nobody there"), None, KeyError("a bug")]

    async def use(_outage: Outage) -> None:
        if error := errors.pop(0):
            raise error

    with pytest.raises(KeyError):
        await reconnecting("do it", use, (Lost,))
    assert errors == []


async def test_that_it_is_there_again_is_told_by_who_has_connected() -> None:
    attempts = 0

    async def use(outage: Outage) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 5:
            raise Lost("still")
        outage.end()
        raise KeyError("enough")

    with capture_logs() as lines, pytest.raises(KeyError):
        await reconnecting("do it", use, (Lost,))

    assert [line["event"] for line in lines] == ["waiting", "no longer waiting"]


async def test_who_is_stopped_does_not_connect_again() -> None:
    starts = 0

    async def use(_outage: Outage) -> None:
        nonlocal starts
        starts += 1
        try:
            await asyncio.Event().wait()
        finally:
            raise Lost("while it was closed")

    task = asyncio.create_task(reconnecting("do it", use, (Lost,)))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task], timeout=10)

    assert task.done()
    assert starts == 1


def _unavailable() -> Unavailable:
    error = Unavailable("The server does not answer.")
    error.__cause__ = ConnectionRefusedError("nobody there")
    return error
