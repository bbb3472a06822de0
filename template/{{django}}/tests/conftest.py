"""People who call the service, on a database that Django makes for the tests and nobody else uses."""

import secrets
from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection

from service.platform import caching
from service.settings import Settings
from service.users.hashers import BcryptSha256Hasher, PlainBcryptHasher
from tests.people import Caller, Person, new_person
from tests.wiring import broker

CHEAPEST_COST = 4


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def configured() -> Settings:
    """The settings of the developer: where servers are found."""
    configured: Settings = django_settings.SERVICE
    return configured


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for hasher in (BcryptSha256Hasher, PlainBcryptHasher):
            patch.setattr(hasher, "rounds", CHEAPEST_COST)
        yield


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found of another test, or of the service; and nothing of theirs is deleted."""
    monkeypatch.setattr(caching.cache, "key_prefix", f"test:{secrets.token_hex(8)}")


@pytest.fixture
def anyone(db: None) -> Caller:
    """Somebody who has not signed in."""
    del db
    return Caller()


@pytest.fixture
def admin(db: None) -> Person:
    del db
    return new_person("admin@example.org", role="admin")


@pytest.fixture
def ann(db: None) -> Person:
    del db
    return new_person("ann@example.org")


@pytest.fixture
def bob(db: None) -> Person:
    del db
    return new_person("bob@example.org")


@pytest.fixture
async def environment(configured: Settings) -> AsyncIterator[dict[str, str]]:
    """For processes that work on the database of the tests, and on a part of the broker that is theirs."""
    url = urlsplit(configured.database_url)
    async with broker.own(configured) as own:
        yield {
            "SECRET_KEY": configured.secret_key.get_secret_value(),
            "DATABASE_URL": f"{url.scheme}://{url.netloc}/{quote(connection.settings_dict['NAME'])}",
            "DATABASE_POOL_TIMEOUT_SECONDS": "1",
            "BCRYPT_COST": "10",
            "LOG_LEVEL": "info",
            **{name.upper(): str(value) for name, value in own.items()},
        }
