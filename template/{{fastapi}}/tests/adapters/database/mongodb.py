"""A database for the tests alone: one with a random name, on the server of `DATABASE_URL`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from secrets import token_hex
from urllib.parse import urlsplit

from service.adapters.database.mongodb import create_client
from service.platform.metrics import Metrics
from service.settings import Settings


@asynccontextmanager
async def own(configured: Settings) -> AsyncGenerator[dict[str, str]]:
    """The settings of a new database that nobody else uses."""
    name = f"tests_{token_hex(6)}"
    url = urlsplit(configured.database_url)._replace(path=f"/{name}").geturl()
    try:
        yield {"database_url": url}
    finally:
        async with create_client(configured, Metrics()) as client:
            await client.drop_database(name)


async def empty(settings: Settings) -> None:
    async with create_client(settings, Metrics()) as client:
        database = client.get_default_database()
        for name in await database.list_collection_names():
            await database[name].delete_many({})
