"""The bus within the process: each start of the service has one of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from service.settings import Settings

NOWHERE: dict[str, str] = {}
"""Nobody is without it."""


@asynccontextmanager
async def own(_configured: Settings) -> AsyncGenerator[dict[str, str]]:
    """The settings of a bus that nobody but the tests uses."""
    yield {}
