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
    """Upgrades to a revision, in one transaction.

    Args:
        lock: A statement that lets nobody else do so until the transaction ends.
        afterwards: Statements that have to be carried out on this kind of database, and may be so every time.
    """
    await _run(engine, command.upgrade, revision, [lock] if lock else [], afterwards)


async def downgrade(engine: AsyncEngine, revision: str) -> None:
    await _run(engine, command.downgrade, revision)


async def is_current(engine: AsyncEngine) -> bool:
    """Whether every migration has been applied. One that this release does not know yet does no harm."""

    def applied(connection: Connection) -> set[str]:
        return set(MigrationContext.configure(connection).get_current_heads())

    async with disposing(engine), engine.connect() as connection:
        found = await connection.run_sync(applied)
    scripts = ScriptDirectory.from_config(_config())
    known = {each.revision for each in scripts.walk_revisions()}
    return found >= set(scripts.get_heads()) or bool(found - known)


async def _run(
    engine: AsyncEngine,
    action: Callable[[Config, str], None],
    revision: str,
    before: Sequence[str] = (),
    afterwards: Sequence[str] = (),
) -> None:
    def run(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        action(config, revision)

    async with disposing(engine), engine.begin() as connection:
        for statement in before:
            await connection.exec_driver_sql(statement)
        await connection.run_sync(run)
        for statement in afterwards:
            await connection.exec_driver_sql(statement)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
