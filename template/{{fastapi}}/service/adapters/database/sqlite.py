"""SQLite: a file, and nothing to install."""

import sqlite3
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

from sqlalchemy import BigInteger, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.compiler import compiles

from service.adapters.database.sql import schema
from service.adapters.database.sql.engine import opened, pooled_engine
from service.domain.errors import Unavailable
from service.platform.metrics import Metrics
from service.ports import Database
from service.settings import Settings

LOCK_SECONDS = 10
"""How long a writer waits for its turn."""


def connect(settings: Settings, metrics: Metrics) -> AbstractAsyncContextManager[Database]:
    engine = create_engine(settings, metrics)
    return opened(engine, engine)


async def migrate(settings: Settings) -> None:
    """Brings the database to the newest revision."""
    await schema.upgrade(_short_lived(settings))


async def is_migrated(settings: Settings) -> bool:
    return await schema.is_current(_short_lived(settings))


def create_engine(settings: Settings, metrics: Metrics) -> AsyncEngine:
    url = make_url(settings.database_url).set(drivername="sqlite+aiosqlite")
    if url.database:
        with suppress(OSError):  # What is wrong, the first connection tells.
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # IMMEDIATE: a writer takes its turn when it begins; one that becomes a writer later would fail.
    engine = pooled_engine(
        url, settings, metrics, {"connect_args": {"isolation_level": "IMMEDIATE", "timeout": LOCK_SECONDS}}
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        # Readers and the writer do not wait for each other; a commit survives a crash of the process.
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return engine


@compiles(BigInteger, "sqlite")
def _integer(_type: BigInteger, _compiler: object, **_: object) -> str:
    """SQLite counts up in columns of this type only, which hold 64 bits there."""
    return "INTEGER"


def _short_lived(settings: Settings) -> AsyncEngine:
    """An engine whose event loop soon ends; a thread of aiosqlite that cannot open its file would still look for it."""
    engine = create_engine(settings, Metrics())
    try:
        sqlite3.connect(engine.url.database or "").close()
    except sqlite3.Error as error:
        raise Unavailable("The database does not answer.") from error
    return engine
