"""The pool of connections, with every statement timed, and the database port on top of it."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import URL, Connection, QueuePool, event, text
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from service.adapters.database.sql.stores import SqlStores
from service.domain.errors import Unavailable
from service.domain.events import Event
from service.platform.doorbell import Doorbell
from service.platform.metrics import Metrics
from service.platform.statements import StatementTimer
from service.ports import Database, Stores
from service.settings import Settings

NOT_SERVING = frozenset({"08", "28", "3D", "53", "57", "58"})
"""The classes of SQLSTATE that tell of the server rather than of the statement: it lets nobody in, shuts down, …"""


def pooled_engine(url: URL, settings: Settings, metrics: Metrics, options: Mapping[str, Any]) -> AsyncEngine:
    """An engine with the pool that the settings ask for. It connects on first use.

    Args:
        options: What the database wants besides, as `create_async_engine` takes it.
    """
    engine = create_async_engine(
        url,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_overflow,
        pool_timeout=settings.database_pool_timeout_seconds,
        pool_recycle=settings.database_pool_recycle_seconds,
        hide_parameters=True,
        **options,
    )
    timer = StatementTimer(metrics, slow_milliseconds=settings.slow_query_milliseconds)
    _time_statements(engine, timer)
    _count_connections(engine, metrics)
    return engine


@asynccontextmanager
async def opened(
    reader: AsyncEngine, writer: AsyncEngine, doorbell: Doorbell | None = None
) -> AsyncGenerator[Database]:
    """The database on two engines with one pool. The doorbell, if there is one, rings for other processes too."""
    async with disposing(reader):
        yield SqlDatabase(reader, writer, doorbell or Doorbell())


@asynccontextmanager
async def disposing(engine: AsyncEngine) -> AsyncGenerator[AsyncEngine]:
    """Closes the engine's connections at the end."""
    try:
        with unavailable_on_failure():
            yield engine
    finally:
        await engine.dispose()


class SqlDatabase:
    def __init__(self, reader: AsyncEngine, writer: AsyncEngine, doorbell: Doorbell) -> None:
        self._reader = reader
        self._writer = writer
        self._doorbell = doorbell

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[SqlStores]:
        with unavailable_on_failure():
            async with self._reader.connect() as connection:
                yield SqlStores(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[SqlStores]:
        with unavailable_on_failure():
            async with self._writer.begin() as connection:
                stores = SqlStores(connection)
                yield stores
        if stores.outbox.has_new:
            self._doorbell.ring()

    async def handle_once(self, event: Event, handler: Callable[[Event, Stores], Awaitable[None]]) -> bool:
        # The inbox first: whoever else has the same event under way waits there for the end of this transaction.
        async with self.transaction() as stores:
            is_new = await stores.inbox.add(event)
            if is_new:
                await handler(event, stores)
        return is_new

    async def wait_for_events(self, seconds: float) -> None:
        await self._doorbell.wait(seconds)

    async def ping(self) -> None:
        async with self._reader.connect() as connection:
            await connection.execute(text("SELECT 1"))


@contextmanager
def unavailable_on_failure() -> Generator[None]:
    try:
        yield
    except PoolTimeoutError as error:
        raise Unavailable("All connections to the database are in use.") from error
    except DBAPIError as error:
        if _is_serving(error):
            raise
        raise Unavailable("The database does not answer.") from error
    except OSError as error:
        raise Unavailable("The database does not answer.") from error


def _is_serving(error: DBAPIError) -> bool:
    """Whether the statement is at fault, and not the server or the connection to it."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    # The bare DatabaseError says that the file of a database is none, or broken.
    is_lost = isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError
    return not (is_lost or error.connection_invalidated or state[:2] in NOT_SERVING)


def _time_statements(engine: AsyncEngine, timer: StatementTimer) -> None:
    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def start(connection: Connection, *_: object) -> None:
        connection.info["started"] = time.perf_counter()

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def stop(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        seconds = time.perf_counter() - connection.info["started"]
        timer.record(statement.split(maxsplit=1)[0], lambda: statement, seconds)


def _count_connections(engine: AsyncEngine, metrics: Metrics) -> None:
    pool = engine.sync_engine.pool
    if isinstance(pool, QueuePool):
        metrics.pool_connections.labels("in_use").set_function(pool.checkedout)
        metrics.pool_connections.labels("idle").set_function(pool.checkedin)
