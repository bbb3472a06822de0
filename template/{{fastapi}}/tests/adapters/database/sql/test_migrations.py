from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from service import wiring
from service.adapters.database.sql import schema
from service.adapters.database.sql.engine import disposing
from service.adapters.database.sql.tables import Base
from service.platform.metrics import Metrics
from service.settings import Settings
from tests.wiring import database as test_database


@pytest.fixture
async def blank(configured: Settings) -> AsyncIterator[Settings]:
    """The settings of a database without any table."""
    async with test_database.own(configured) as own:
        yield configured.model_copy(update=own)


def engine(settings: Settings) -> AsyncEngine:
    return wiring.database.create_engine(settings, Metrics())


async def tables(settings: Settings) -> set[str]:
    def names(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names())

    async with disposing(engine(settings)) as opened, opened.connect() as connection:
        return await connection.run_sync(names) - {"alembic_version"}


async def test_migrations_go_from_empty_to_head_and_back(blank: Settings) -> None:
    for _ in range(2):
        assert not await wiring.database.is_migrated(blank)
        assert await tables(blank) == set()
        await wiring.database.migrate(blank)
        await wiring.database.migrate(blank)  # With nothing left to do.
        assert await wiring.database.is_migrated(blank)
        assert await tables(blank) == set(Base.metadata.tables)
        await schema.downgrade(engine(blank), "base")


async def test_migrations_make_the_tables_that_the_code_expects(settings: Settings) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return compare_metadata(context, Base.metadata)

    async with disposing(engine(settings)) as opened, opened.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_database_that_is_ahead_of_this_release_is_good_enough(blank: Settings) -> None:
    await wiring.database.migrate(blank)
    async with disposing(engine(blank)) as opened, opened.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'of a later release'"))

    assert await wiring.database.is_migrated(blank)
    await wiring.database.migrate(blank)  # Leaves it as it is.
    async with disposing(engine(blank)) as opened, opened.connect() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == "of a later release"
