"""A database for the tests alone: a file in a folder that goes away afterwards."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory

from service.adapters.database.sqlite import create_engine
from service.platform.metrics import Metrics
from service.settings import Settings
from tests.adapters.database.sql import tables


@asynccontextmanager
async def own(_configured: Settings) -> AsyncGenerator[dict[str, str]]:
    """The settings of a new database that nobody else uses."""
    with TemporaryDirectory(prefix="tests-") as folder:
        yield {"database_url": f"sqlite:///{folder}/tests.db"}


async def empty(settings: Settings) -> None:
    await tables.empty(create_engine(settings, Metrics()))
