"""Nothing blocks the event loop, so that one request never waits for the work of another."""

import asyncio
import time

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from service.users.hashers import BcryptSha256Hasher
from tests.people import PASSWORD, Person

LONGEST_PAUSE = 0.15
COST_OF_HALF_A_SECOND = 13
"""Of bcrypt, as a power of two."""


async def longest_pause_during(work: "asyncio.Task[object]") -> float:
    """How long the event loop was deaf at most."""
    longest = 0.0
    while not work.done():
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        longest = max(longest, time.perf_counter() - before)
    return longest


@pytest.mark.django_db(transaction=True)
def test_a_password_is_hashed_beside_the_event_loop(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BcryptSha256Hasher, "rounds", COST_OF_HALF_A_SECOND)  # So the hash is made anew at sign-in.

    async def sign_in() -> tuple[float, float]:
        started = time.perf_counter()
        form = {"username": ann.user.email, "password": PASSWORD}
        work: asyncio.Task[object] = asyncio.create_task(AsyncClient().post("/v1/auth/token", form))
        pause = await longest_pause_during(work)
        return pause, time.perf_counter() - started

    pause, whole = async_to_sync(sign_in)()

    assert whole > 2 * LONGEST_PAUSE, "too fast to tell"
    assert pause < LONGEST_PAUSE


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_asynchronous_views_use_no_database_in_the_event_loop(path: str) -> None:
    """Django refuses that with SynchronousOnlyOperation, which would come out of the client."""
    assert async_to_sync(AsyncClient().get)(path).status_code == 200
