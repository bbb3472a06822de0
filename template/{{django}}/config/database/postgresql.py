"""PostgreSQL, with psycopg's pool of connections."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from psycopg_pool import ConnectionPool

from config.database import DJANGOS_APPS
from service.about import NAME
from service.settings import Settings

APPS = DJANGOS_APPS
AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATION_MODULES: dict[str, str | None] = {}
JSON_TYPE = "json"  # `jsonb` refuses texts with a NUL, and rounds numbers.
SILENCED_SYSTEM_CHECKS: list[str] = []


def databases(settings: Settings) -> dict[str, dict[str, Any]]:
    url = urlsplit(settings.database_url)
    return {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path.removeprefix("/")),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": url.hostname or "",
            "PORT": url.port or "",
            "OPTIONS": {
                "application_name": NAME,
                **dict(parse_qsl(url.query)),
                "pool": {
                    "min_size": settings.database_pool_size,
                    "max_size": settings.database_pool_size + settings.database_pool_overflow,
                    "timeout": settings.database_pool_timeout_seconds,
                    "max_lifetime": settings.database_pool_recycle_seconds,
                    # What was ended by the server in the meantime is replaced before anybody gets it.
                    "check": ConnectionPool.check_connection,
                },
            },
        }
    }
