"""A database for the tests alone: one with a random name, on the server of `DATABASE_URL`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from secrets import token_hex

from sqlalchemy import make_url, text

from service.adapters.database.postgresql import create_engine
from service.adapters.database.sql.engine import disposing
from service.platform.metrics import Metrics
from service.settings import Settings
from tests.adapters.database.sql import tables


@asynccontextmanager
async def own(configured: Settings) -> AsyncGenerator[dict[str, str]]:
    """The settings of a new database that nobody else uses."""
    name = f"tests_{token_hex(6)}"
    await _run(configured, f"CREATE DATABASE {name}")
    try:
        yield {"database_url": _url(configured, name)}
    finally:
        await _run(configured, f"DROP DATABASE {name} WITH (FORCE)")


async def empty(settings: Settings) -> None:
    await tables.empty(create_engine(settings, Metrics()))


async def _run(configured: Settings, statement: str) -> None:
    # By the database that every server has, whether or not the configured one has been made.
    server = configured.model_copy(update={"database_url": _url(configured, "postgres")})
    async with disposing(create_engine(server, Metrics())) as engine:
        autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
        async with autocommit.connect() as connection:
            await connection.execute(text(statement))


def _url(configured: Settings, database: str) -> str:
    return make_url(configured.database_url).set(database=database).render_as_string(hide_password=False)
