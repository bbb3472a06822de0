"""What the buses share: what becomes of a publication that fails."""

import asyncio

import pytest

from service.adapters.broker import common
from service.adapters.broker.common import confirming
from service.domain.errors import Unavailable


class Lost(Exception):
    """The connection is gone."""


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
