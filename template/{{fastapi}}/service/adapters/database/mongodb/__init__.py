"""MongoDB, by PyMongo's asynchronous client."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError

from service.about import NAME
from service.adapters.database.mongodb.event_stores import EVENTFUL, Document
from service.adapters.database.mongodb.stores import MongoDatabase, unavailable_on_failure
from service.platform.metrics import Metrics
from service.platform.mongodb_monitoring import CommandTimer, ConnectionCounter
from service.platform.statements import StatementTimer
from service.ports import Database
from service.settings import Settings, SettingsError

DEFAULT_NAME = "app"

INDEXES = {
    "users": [
        # Sparse, since what was deleted and has events left has no e-mail any more.
        IndexModel("email", unique=True, sparse=True, name="email"),
        IndexModel("creation.key", unique=True, sparse=True, name="creation_key"),
        IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="created_at"),
    ],
    "sessions": [IndexModel("user_id", name="user_id")],
    "activity": [
        IndexModel([("time", DESCENDING), ("_id", DESCENDING)], name="time"),
        IndexModel([("user_id", ASCENDING), ("time", DESCENDING), ("_id", DESCENDING)], name="user_id"),
    ],
    "dead_letters": [IndexModel("parked_at", name="parked_at")],
}
for eventful in EVENTFUL:
    INDEXES.setdefault(eventful, []).extend(
        [
            IndexModel("outbox.time", sparse=True, name="outbox_time"),
            IndexModel("outbox.id", sparse=True, name="outbox_id"),
            IndexModel("deleted", sparse=True, name="deleted"),
        ]
    )


@asynccontextmanager
async def connect(settings: Settings, metrics: Metrics) -> AsyncGenerator[Database]:
    async with opened(settings, metrics) as database:
        yield MongoDatabase(database)


async def migrate(settings: Settings) -> None:
    """Makes the indexes; there is no schema to migrate."""
    async with opened(settings, Metrics()) as database:
        for collection, indexes in INDEXES.items():
            await database[collection].create_indexes(indexes)


async def is_migrated(settings: Settings) -> bool:
    """Whether all indexes are there."""
    async with opened(settings, Metrics()) as database:
        for collection, indexes in INDEXES.items():
            wanted = {index.document["name"] for index in indexes}
            if not wanted <= set(await database[collection].index_information()):
                return False
    return True


@asynccontextmanager
async def opened(settings: Settings, metrics: Metrics) -> AsyncGenerator[AsyncDatabase[Document]]:
    """The database of the settings, with a client of its own."""
    with unavailable_on_failure():
        async with create_client(settings, metrics) as client:
            yield client.get_default_database(DEFAULT_NAME)


def create_client(settings: Settings, metrics: Metrics) -> AsyncMongoClient[Document]:
    timer = StatementTimer(metrics, slow_milliseconds=settings.slow_query_milliseconds)
    try:
        return AsyncMongoClient(
            settings.database_url,
            appname=NAME,
            tz_aware=True,
            maxPoolSize=settings.database_pool_size,
            waitQueueTimeoutMS=round(settings.database_pool_timeout_seconds * 1000),
            serverSelectionTimeoutMS=5000,
            event_listeners=[CommandTimer(timer), ConnectionCounter(metrics)],
        )
    except (ConfigurationError, ValueError):
        raise SettingsError("DATABASE_URL: cannot be read") from None  # Without the text: it may hold a password.
