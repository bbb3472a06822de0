"""MongoDB, by MongoDB's own backend for Django, and PyMongo's pool of connections."""

from typing import Any, cast

from django.db.models.signals import class_prepared
from pymongo.errors import PyMongoError, WaitQueueTimeoutError
from pymongo.uri_parser import parse_uri

from config.database.mongodb.documents import keep_in_place
from service.about import NAME
from service.platform.measuring import METRICS
from service.platform.mongodb_monitoring import CommandTimer, ConnectionCounter
from service.platform.statements import StatementTimer
from service.settings import Settings, SettingsError

DEFAULT_NAME = "app"

APPS = [
    "config.database.mongodb.apps.MongoAdminConfig",
    "config.database.mongodb.apps.MongoAuthConfig",
    "config.database.mongodb.apps.MongoContentTypesConfig",
]
AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
MIGRATION_MODULES = dict.fromkeys(("admin", "auth", "contenttypes"))
"""Django's own migrations are about integer keys; without them, `migrate` makes the collections from the models."""
MIGRATION_LOCK: tuple[str, str] | None = None  # It has none.
JSON_TYPE = "text"
SILENCED_SYSTEM_CHECKS = ["mongodb.fields.auto.E001"]
"""Of the number in the table of the outbox: here the events wait elsewhere."""

EXHAUSTED: tuple[type[Exception], ...] = (WaitQueueTimeoutError,)
"""What is raised when all connections are in use."""


def databases(settings: Settings) -> dict[str, dict[str, Any]]:
    timer = StatementTimer(METRICS, slow_milliseconds=settings.slow_query_milliseconds)
    return {
        "default": {
            "ENGINE": "config.database.mongodb",
            "HOST": settings.database_url,
            "NAME": _name(settings.database_url) or DEFAULT_NAME,
            "OPTIONS": {
                "appname": NAME,
                "maxPoolSize": settings.database_pool_size,
                "waitQueueTimeoutMS": round(settings.database_pool_timeout_seconds * 1000),
                "serverSelectionTimeoutMS": 5000,
                "event_listeners": [CommandTimer(timer), ConnectionCounter(METRICS)],
            },
        }
    }


def _name(url: str) -> str | None:
    try:
        return cast("str | None", parse_uri(url)["database"])
    except (PyMongoError, ValueError):
        raise SettingsError("DATABASE_URL: cannot be read") from None  # Without the text: it may hold a password.


class_prepared.connect(keep_in_place)
