"""Brings a database to a revision of the migrations, by Alembic. Each function uses its engine up."""

from collections.abc import Callable, Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from service.adapters.database.sql.engine import disposing

MIGRATIONS = Path(__file__).with_name("migrations")


async def upgrade(
    engine: AsyncEngine, revision: str = "heads", *, lock: str | None = None, afterwards: Sequence[str] = ()
) -> None:
    """Upgrades to a revision, in one transaction; leaves a database alone that a later release has brought further.

    Args:
        lock: A statement that lets nobody else do so until the transaction ends.
        afterwards: Statements that have to be carried out on this kind of database, and may be so every time.
    """

    def run(connection: Connection, config: Config) -> None:
        if lock:
            connection.exec_driver_sql(lock)
        if _applied(connection) <= _known(config):
            command.upgrade(config, revision)
            for statement in afterwards:
                connection.exec_driver_sql(statement)

    await _run(engine, run)


async def downgrade(engine: AsyncEngine, revision: str) -> None:
    await _run(engine, lambda _, config: command.downgrade(config, revision))


async def is_current(engine: AsyncEngine) -> bool:
    """Whether every migration has been applied. One that this release does not know yet does no harm."""
    async with disposing(engine), engine.connect() as connection:
        applied = await connection.run_sync(_applied)
    config = _config()
    return applied >= set(ScriptDirectory.from_config(config).get_heads()) or not applied <= _known(config)


async def _run(engine: AsyncEngine, action: Callable[[Connection, Config], None]) -> None:
    def run(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        action(connection, config)

    async with disposing(engine), engine.begin() as connection:
        await connection.run_sync(run)


def _applied(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _known(config: Config) -> set[str]:
    return {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
