"""The service, started as it really starts, on a database and a cache that nobody but the tests uses.

Its events stay within the process: `test_event_flow.py` and `test_serving.py` send them through the broker.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from httpx import AsyncClient
from pydantic import SecretStr

from service import wiring
from service.api.rest.app import create_app
from service.platform.metrics import Metrics
from service.ports import Cache, Database
from service.settings import Settings
from service.wiring import Service
from tests import buses
from tests.buses import LocalBus
from tests.people import Person, http_client, new_person
from tests.wiring import broker as test_broker
from tests.wiring import cache as test_cache
from tests.wiring import database as test_database

SECRET_KEY = "the tests' own, of thirty-two characters and more"
CHEAPEST_COST = 4


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def logs() -> None:
    """Plain lines, which pytest shows when a test fails."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ]
    )


@pytest.fixture(scope="session")
def configured() -> Settings:
    """The settings of the developer: where servers are found, on which the tests make databases of their own."""
    return Settings(_env_file=".env", secret_key=SecretStr(SECRET_KEY))


@pytest.fixture(scope="session")
async def own(configured: Settings) -> AsyncIterator[dict[str, str]]:
    """The settings of the database, the cache and the bus that belong to this run of the tests."""
    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(test_database.own(configured))
        if found["database_url"] == configured.database_url:
            pytest.exit("The tests empty their database, so it cannot be the configured one.", returncode=2)
        found |= await stack.enter_async_context(test_cache.own(configured))
        found |= await stack.enter_async_context(test_broker.own(configured))
        await wiring.database.migrate(make_settings(found))
        yield found


@pytest.fixture
async def settings(own: dict[str, str]) -> Settings:
    """The defaults, whatever the environment says; the database and the cache are empty."""
    settings = make_settings(own)
    await test_database.empty(settings)
    await test_cache.empty(settings)
    return settings


@pytest.fixture
def environment(settings: Settings, own: dict[str, str]) -> dict[str, str]:
    """The same settings as environment variables."""
    return {
        "SECRET_KEY": SECRET_KEY,
        "BCRYPT_COST": str(settings.bcrypt_cost),
        **{name.upper(): value for name, value in own.items()},
    }


@pytest.fixture
async def app(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    monkeypatch.setattr(wiring.broker, "connect", buses.connect)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def service(app: FastAPI) -> Service:
    return app.state.service


@pytest.fixture
def local_bus(service: Service) -> LocalBus:
    """The bus of the service."""
    assert isinstance(service.events, LocalBus)
    return service.events


@pytest.fixture
def metrics(app: FastAPI) -> Metrics:
    return app.state.metrics


@pytest.fixture
async def anyone(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """A client that has not signed in."""
    async with http_client(app) as client:
        yield client


@pytest.fixture
async def admin(app: FastAPI) -> AsyncIterator[Person]:
    async with new_person(app, "admin@example.org", role="admin") as person:
        yield person


@pytest.fixture
async def ann(app: FastAPI) -> AsyncIterator[Person]:
    async with new_person(app, "ann@example.org") as person:
        yield person


@pytest.fixture
async def bob(app: FastAPI) -> AsyncIterator[Person]:
    async with new_person(app, "bob@example.org") as person:
        yield person


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The database port by itself."""
    async with wiring.database.connect(settings, Metrics()) as database:
        yield database


@pytest.fixture
async def cache(settings: Settings) -> AsyncIterator[Cache]:
    """The cache port by itself."""
    async with wiring.cache.connect(settings) as cache:
        yield cache


def make_settings(own: Mapping[str, Any]) -> Settings:
    return Settings.model_construct(None, secret_key=SecretStr(SECRET_KEY), bcrypt_cost=CHEAPEST_COST, **own)
