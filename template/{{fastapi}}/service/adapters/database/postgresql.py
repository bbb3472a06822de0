"""PostgreSQL, by asyncpg."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine

from service.about import NAME
from service.adapters.database.sql import schema
from service.adapters.database.sql.engine import opened, pooled_engine
from service.platform.doorbell import Doorbell
from service.platform.metrics import Metrics
from service.platform.outages import Outage, reconnecting
from service.platform.workers import Worker, running
from service.ports import Database
from service.settings import Settings, SettingsError

MIGRATION_LOCK = "SELECT pg_advisory_xact_lock(5701)"
"""Two instances that migrate at the same time do it one after the other; the second finds nothing to do."""

CREATE_NOTIFICATION = (
    """
CREATE OR REPLACE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END
$$
""",
    """
CREATE OR REPLACE TRIGGER outbox_notify AFTER INSERT ON outbox
FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox()
""",
)
"""So that the relay of any instance hears at once of an event that any other has stored."""


@asynccontextmanager
async def connect(settings: Settings, metrics: Metrics) -> AsyncGenerator[Database]:
    # Reads need no BEGIN and no ROLLBACK, each of which is a round trip; nor does the pool's ping.
    engine = create_engine(settings, metrics, isolation_level="AUTOCOMMIT")
    writer = engine.execution_options(isolation_level="READ COMMITTED")
    doorbell = Doorbell()
    listener = Worker("listener", lambda: _listen(settings.database_url, doorbell))
    async with opened(engine, writer, doorbell) as database, running([listener]):
        yield database


async def migrate(settings: Settings) -> None:
    """Brings the database to the newest revision."""
    engine = create_engine(settings, Metrics())
    await schema.upgrade(engine, lock=MIGRATION_LOCK, afterwards=CREATE_NOTIFICATION)


async def is_migrated(settings: Settings) -> bool:
    return await schema.is_current(create_engine(settings, Metrics()))


def create_engine(settings: Settings, metrics: Metrics, isolation_level: str = "READ COMMITTED") -> AsyncEngine:
    _check(settings.database_url)
    options = {
        "isolation_level": isolation_level,
        "pool_pre_ping": True,
        "async_creator": lambda: _open(settings.database_url),
    }
    return pooled_engine(URL.create("postgresql+asyncpg"), settings, metrics, options)


async def _open(url: str) -> asyncpg.Connection:
    """Connects by asyncpg's own reading of the URL, which knows the options of libpq, such as `sslmode`."""
    try:
        return await asyncpg.connect(url, timeout=5, server_settings={"application_name": NAME})
    except asyncpg.UndefinedObjectError as error:  # An option of the URL that PostgreSQL does not know either.
        raise ConnectionError(str(error)) from error


async def _listen(url: str, doorbell: Doorbell) -> None:
    """Rings when any instance stores an event, of which a trigger notifies."""
    await reconnecting(
        "hear of events",
        lambda outage: _hear(url, doorbell, outage),
        (asyncpg.PostgresError, asyncpg.InterfaceError),
    )


async def _hear(url: str, doorbell: Doorbell, outage: Outage) -> None:
    lost = asyncio.Event()

    def hang_up(_connection: object) -> None:
        lost.set()

    def ring(*_notification: object) -> None:
        doorbell.ring()

    connection = await asyncpg.connect(url, timeout=5)
    try:
        connection.add_termination_listener(hang_up)
        await connection.add_listener("outbox", ring)
        outage.end()
        doorbell.ring()  # For what came while nobody listened.
        await lost.wait()
    finally:
        connection.terminate()


def _check(url: str) -> None:
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError("DATABASE_URL: cannot be read") from None  # Without the text: it may hold a password.
