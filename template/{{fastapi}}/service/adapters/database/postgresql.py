"""PostgreSQL, by asyncpg."""

from contextlib import AbstractAsyncContextManager

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine

from service.about import NAME
from service.adapters.database.sql import schema
from service.adapters.database.sql.engine import opened, pooled_engine
from service.platform.metrics import Metrics
from service.ports import Database
from service.settings import Settings, SettingsError

MIGRATION_LOCK = "SELECT pg_advisory_xact_lock(5701)"
"""Two instances that migrate at the same time do it one after the other; the second finds nothing to do."""


def connect(settings: Settings, metrics: Metrics) -> AbstractAsyncContextManager[Database]:
    # Reads need no BEGIN and no ROLLBACK, each of which is a round trip; nor does the pool's ping.
    engine = create_engine(settings, metrics, isolation_level="AUTOCOMMIT")
    return opened(engine, engine.execution_options(isolation_level="READ COMMITTED"))


async def migrate(settings: Settings) -> None:
    """Brings the database to the newest revision."""
    await schema.upgrade(create_engine(settings, Metrics()), lock=MIGRATION_LOCK)


async def is_migrated(settings: Settings) -> bool:
    return await schema.is_current(create_engine(settings, Metrics()))


def create_engine(settings: Settings, metrics: Metrics, isolation_level: str = "READ COMMITTED") -> AsyncEngine:
    options = {
        "isolation_level": isolation_level,
        "pool_pre_ping": True,
        "connect_args": {"timeout": 5, "server_settings": {"application_name": NAME}},
    }
    return pooled_engine(_url(settings.database_url), settings, metrics, options)


def _url(text: str) -> URL:
    """The URL as SQLAlchemy's dialect wants it: it calls libpq's `sslmode` `ssl`."""
    try:
        url = make_url(text).set(drivername="postgresql+asyncpg")
    except (ArgumentError, ValueError):
        raise SettingsError("DATABASE_URL: cannot be read") from None  # Without the text: it may hold a password.
    if "sslmode" not in url.query:
        return url
    return url.difference_update_query(["sslmode"]).update_query_dict({"ssl": url.query["sslmode"]})
