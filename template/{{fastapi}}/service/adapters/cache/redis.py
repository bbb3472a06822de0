"""A cache in Redis, which all instances share."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from service.about import NAME
from service.domain.errors import Unavailable
from service.ports import Cache
from service.settings import Settings

PUT_WITH_LEASE = """
if redis.call('GET', KEYS[2]) == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    redis.call('DEL', KEYS[2])
end
"""

CONNECTIONS = 50

REST_SECONDS = 1.0
"""How long the service does without the cache after a failure, so that not every request waits for it."""


@asynccontextmanager
async def connect(settings: Settings) -> AsyncGenerator[Cache]:
    # Who finds all connections in use waits for one, and does not take the cache for dead.
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=CONNECTIONS,
        timeout=settings.cache_timeout_seconds,
        client_name=NAME,
        socket_timeout=settings.cache_timeout_seconds,
        socket_connect_timeout=settings.cache_timeout_seconds,
        retry=Retry(NoBackoff(), 1),  # Once, since a connection of the pool may be one to a server that is gone.
    )
    async with Redis.from_pool(pool) as client:
        yield RedisCache(client, settings.cache_timeout_seconds)


class RedisCache:
    def __init__(self, client: Redis, timeout_seconds: float) -> None:
        self._client = client
        self._timeout_seconds = timeout_seconds
        self._put = client.register_script(PUT_WITH_LEASE)
        self._rests_until = 0.0

    async def get(self, key: str) -> bytes | None:
        found = await self._call(lambda: self._client.get(_value(key)))
        return found.encode() if isinstance(found, str) else found

    async def lease(self, key: str, seconds: float) -> str | None:
        lease = secrets.token_hex(8)
        taken = await self._call(lambda: self._client.set(_lease(key), lease, nx=True, px=_milliseconds(seconds)))
        return lease if taken else None

    async def put(self, key: str, value: bytes, *, seconds: float, lease: str) -> None:
        keys = [_value(key), _lease(key)]
        await self._call(lambda: self._put(keys=keys, args=[lease, value, _milliseconds(seconds)]))

    async def delete(self, key: str) -> None:
        await self._call(lambda: self._client.delete(_value(key), _lease(key)))

    async def ping(self) -> None:
        await self._client.ping()

    async def _call[Result](self, operation: Callable[[], Awaitable[Result]]) -> Result:
        if time.monotonic() < self._rests_until:
            raise Unavailable("The cache did not answer a moment ago.")
        try:
            # All in all: waiting for a connection, making it, asking, and all that once more.
            async with asyncio.timeout(self._timeout_seconds):
                return await operation()
        except (RedisError, OSError) as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            raise Unavailable("The cache does not answer.") from error


def _value(key: str) -> str:
    # In braces what a Redis cluster places by, so that a value and its lease lie on one node.
    return f"{NAME}:cache:{{{key}}}"


def _lease(key: str) -> str:
    return f"{_value(key)}:lease"


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
