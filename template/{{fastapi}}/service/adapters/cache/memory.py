"""A cache in the memory of the process: for one instance only, since no other one sees its deletions."""

import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from service.ports import Cache
from service.settings import Settings


@asynccontextmanager
async def connect(settings: Settings) -> AsyncGenerator[Cache]:
    yield MemoryCache(settings.cache_max_entries)


class MemoryCache:
    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._values: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._leases: dict[str, tuple[str, float]] = {}

    async def get(self, key: str) -> bytes | None:
        value, expires_at = self._values.get(key, (None, 0.0))
        if value is None or expires_at <= time.monotonic():
            self._values.pop(key, None)
            return None
        self._values.move_to_end(key)
        return value

    async def lease(self, key: str, seconds: float) -> str | None:
        now = time.monotonic()
        _, expires_at = self._leases.get(key, ("", 0.0))
        if expires_at > now:
            return None
        lease = secrets.token_hex(8)
        self._leases[key] = (lease, now + seconds)
        return lease

    async def put(self, key: str, value: bytes, *, seconds: float, lease: str) -> None:
        held, _ = self._leases.get(key, ("", 0.0))
        if held != lease:
            return
        del self._leases[key]
        self._values[key] = (value, time.monotonic() + seconds)
        self._values.move_to_end(key)
        if len(self._values) > self._max_entries:
            self._values.popitem(last=False)

    async def delete(self, key: str) -> None:
        self._leases.pop(key, None)
        self._values.pop(key, None)

    async def ping(self) -> None:
        """It is always there."""
