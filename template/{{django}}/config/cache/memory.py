"""The memory of the process: for one instance only, since no other one sees its deletions."""

import secrets
from threading import RLock
from typing import Any, ClassVar

from django.core.cache.backends.locmem import LocMemCache

from service.settings import Settings


class LeasingCache(LocMemCache):
    """Django's own, and besides it values under a lease: see `service.platform.caching.Cache`."""

    _turn: ClassVar = RLock()

    def read(self, key: str) -> bytes | None:
        found: bytes | None = self.get(key)
        return found

    def lease(self, key: str, seconds: float) -> str | None:
        lease = secrets.token_hex(8)
        return lease if self.add(_lease(key), lease, seconds) else None

    def put(self, key: str, value: bytes, *, seconds: float, lease: str) -> None:
        with self._turn:
            if self.get(_lease(key)) == lease:
                self.set(key, value, seconds)
                self.delete(_lease(key))

    def discard(self, key: str) -> None:
        with self._turn:
            self.delete_many([key, _lease(key)])


def caches(settings: Settings) -> dict[str, dict[str, Any]]:
    return {
        "default": {
            "BACKEND": "config.cache.memory.LeasingCache",
            "OPTIONS": {"MAX_ENTRIES": settings.cache_max_entries},
        }
    }


def _lease(key: str) -> str:
    return f"{key}:lease"


FAILURES: tuple[type[Exception], ...] = ()
"""It is always there."""
