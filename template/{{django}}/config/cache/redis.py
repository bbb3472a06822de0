"""Redis, which all instances share."""

import json
from typing import Any

from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from service.about import NAME
from service.settings import Settings

CONNECTIONS = 50


class JsonSerializer:
    """In place of Django's own, which unpickles: who can write to Redis could run code in the service."""

    def dumps(self, value: object) -> str:
        return json.dumps(value)

    def loads(self, text: bytes) -> object:
        return json.loads(text)


def caches(settings: Settings) -> dict[str, dict[str, Any]]:
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": settings.redis_url,
            "KEY_PREFIX": f"{NAME}:cache",
            "OPTIONS": {
                "serializer": JsonSerializer,
                # Who finds all connections in use waits for one, and does not take the cache for dead.
                "pool_class": "redis.BlockingConnectionPool",
                "max_connections": CONNECTIONS,
                "timeout": settings.cache_timeout_seconds,
                "client_name": NAME,
                "socket_timeout": settings.cache_timeout_seconds,
                "socket_connect_timeout": settings.cache_timeout_seconds,
                # Once, since a connection of the pool may be one to a server that is gone.
                "retry": Retry(NoBackoff(), 1),
            },
        }
    }


FAILURES: tuple[type[Exception], ...] = (RedisError, OSError)
"""What is raised when it does not answer."""
