"""MongoDB, by MongoDB's own backend for Django, and PyMongo's pool of connections."""

from typing import Any

from pymongo.uri_parser import parse_uri

from config.database.mongodb.monitoring import CommandTimer, ConnectionCounter
from service.about import NAME
from service.platform.measuring import METRICS
from service.platform.statements import StatementTimer
from service.settings import Settings

DEFAULT_NAME = "app"


def databases(settings: Settings) -> dict[str, dict[str, Any]]:
    timer = StatementTimer(METRICS, slow_milliseconds=settings.slow_query_milliseconds)
    return {
        "default": {
            "ENGINE": "config.database.mongodb",
            "HOST": settings.database_url,
            "NAME": parse_uri(settings.database_url)["database"] or DEFAULT_NAME,
            "OPTIONS": {
                "appname": NAME,
                "maxPoolSize": settings.database_pool_size,
                "waitQueueTimeoutMS": round(settings.database_pool_timeout_seconds * 1000),
                "serverSelectionTimeoutMS": 5000,
                "event_listeners": [CommandTimer(timer), ConnectionCounter(METRICS)],
            },
        }
    }
