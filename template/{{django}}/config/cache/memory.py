"""The memory of the process: for one instance only, since no other one sees its deletions."""

from typing import Any

from service.settings import Settings


def caches(settings: Settings) -> dict[str, dict[str, Any]]:
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 2 * settings.cache_max_entries},  # Each result has a generation besides.
        }
    }


FAILURES: tuple[type[Exception], ...] = ()
"""It is always there."""
