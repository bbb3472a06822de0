"""Redis, which all instances share: Django's own, and besides it values that are kept as JSON and under a lease."""

import json
import secrets
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError  # noqa: A004 - Redis' own.
from redis.retry import Retry

from service.about import NAME
from service.settings import Settings

CONNECTIONS = 100  # As many as there are requests at once.

PUT_WITH_LEASE = """
if redis.call('GET', KEYS[2]) == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    redis.call('DEL', KEYS[2])
end
"""


class JsonSerializer:
    """In place of Django's own, which unpickles: who can write to Redis could run code in the service."""

    def dumps(self, value: object) -> str:
        return json.dumps(value)

    def loads(self, text: bytes) -> object:
        return json.loads(text)


class LeasingCache(RedisCache):
    """See `service.platform.caching.Cache`."""

    def read(self, key: str) -> bytes | None:
        found = self._client.get(self.make_key(key))
        return found.encode() if isinstance(found, str) else found

    def lease(self, key: str, seconds: float) -> str | None:
        lease = secrets.token_hex(8)
        taken = self._client.set(self._lease(key), lease, nx=True, px=_milliseconds(seconds))
        return lease if taken else None

    def put(self, key: str, value: bytes, *, seconds: float, lease: str) -> None:
        self._client.eval(PUT_WITH_LEASE, 2, self.make_key(key), self._lease(key), lease, value, _milliseconds(seconds))

    def discard(self, key: str) -> None:
        self._client.delete(self.make_key(key), self._lease(key))

    @property
    def _client(self) -> Redis:
        client: Redis = self._cache.get_client(write=True)
        return client

    def _lease(self, key: str) -> str:
        return f"{self.make_key(key)}:lease"


def caches(settings: Settings) -> dict[str, dict[str, Any]]:
    return {
        "default": {
            "BACKEND": "config.cache.redis.LeasingCache",
            "LOCATION": settings.redis_url,
            "KEY_PREFIX": f"{NAME}:cache",
            "KEY_FUNCTION": "config.cache.redis.placed",
            "OPTIONS": {
                "serializer": JsonSerializer,
                # Who finds all connections in use waits for one, and does not take the cache for dead.
                "pool_class": "redis.BlockingConnectionPool",
                "max_connections": CONNECTIONS,
                "timeout": settings.cache_timeout_seconds,
                "client_name": NAME,
                "socket_timeout": settings.cache_timeout_seconds,
                "socket_connect_timeout": settings.cache_timeout_seconds,
                # Once, since a connection of the pool may be one to a server that is gone. Not of one that hangs.
                "retry": Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
            },
        }
    }


def placed(key: str, prefix: str, _version: int) -> str:
    """In braces what a Redis cluster places by, so that a value and its lease lie on one node."""
    return f"{prefix}:{{{key}}}"


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


FAILURES: tuple[type[Exception], ...] = (RedisError, OSError)
"""What is raised when it does not answer."""
