"""Redis, which all instances share."""

from typing import Any

from service.about import NAME
from service.settings import Settings


def caches(settings: Settings) -> dict[str, dict[str, Any]]:
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": settings.redis_url,
            "KEY_PREFIX": f"{NAME}:cache",
            "OPTIONS": {
                "client_name": NAME,
                "socket_timeout": settings.cache_timeout_seconds,
                "socket_connect_timeout": settings.cache_timeout_seconds,
            },
        }
    }
