import asyncio
from dataclasses import replace
from time import monotonic

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from service.platform import health
from service.platform.health import Dependency


async def answer() -> None:
    """As somebody who is well."""


async def refuse() -> None:
    raise ConnectionRefusedError("nobody there")


async def hang() -> None:
    await asyncio.sleep(60)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in earnest, but not for two seconds."""
    assert health.PATIENCE_SECONDS <= 2
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.1)


@pytest.mark.usefixtures("impatient")
async def test_everything_that_is_required_must_answer() -> None:
    for required, ping, ready in (
        (True, answer, True),
        (True, refuse, False),
        (True, hang, False),
        (False, answer, True),
        (False, refuse, True),
        (False, hang, True),
    ):
        found = await health.check([Dependency("one", answer), Dependency("other", ping, required=required)])
        assert found.is_ready is ready, (required, ping)


@pytest.mark.usefixtures("impatient")
async def test_dependencies_are_asked_at_the_same_time() -> None:
    started = monotonic()
    await health.check([Dependency(str(number), hang) for number in range(50)])

    assert monotonic() - started < 2.5


async def test_the_service_is_ready_when_it_has_started(anyone: AsyncClient) -> None:
    response = await anyone.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "dependencies": {
            "database": {"status": "up", "required": True},
            "cache": {"status": "up", "required": False},
            "broker": {"status": "up", "required": False},
        },
    }


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("ping", [refuse, hang])
async def test_readiness_names_what_is_down(app: FastAPI, anyone: AsyncClient, ping: health.Ping) -> None:
    app.state.service = replace(
        app.state.service, dependencies=[Dependency("database", ping), Dependency("cache", answer, required=False)]
    )

    response = await anyone.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "dependencies": {
            "database": {"status": "down", "required": True},
            "cache": {"status": "up", "required": False},
        },
    }
    assert (await anyone.get("/livez")).json() == {"status": "ok"}
