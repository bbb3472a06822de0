"""The cache in the process's memory: each start of the service has one of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from service.settings import Settings


@asynccontextmanager
async def own(_configured: Settings) -> AsyncGenerator[dict[str, str]]:
    """The settings of a cache that nobody but the tests uses."""
    yield {}


async def empty(_settings: Settings) -> None:
    """It is empty whenever the service starts."""
