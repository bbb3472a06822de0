"""PostgreSQL, with psycopg's pool of connections."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo
from psycopg_pool import PoolTimeout

from config.database import DJANGOS_APPS
from config.database.postgresql.pool import Pool
from service.about import NAME
from service.settings import Settings, SettingsError

APPS = DJANGOS_APPS
AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATION_MODULES: dict[str, str | None] = {}
MIGRATION_LOCK: tuple[str, str] | None = ("SELECT pg_advisory_lock(5701)", "SELECT pg_advisory_unlock(5701)")
"""What one who migrates does before and after, so that another one waits and then finds nothing to do."""
JSON_TYPE = "json"  # `jsonb` refuses texts with a NUL, and rounds numbers.
SILENCED_SYSTEM_CHECKS: list[str] = []

EXHAUSTED: tuple[type[Exception], ...] = (PoolTimeout,)
"""What is raised when all connections are in use."""

CONNECT_SECONDS = 5


def databases(settings: Settings) -> dict[str, dict[str, Any]]:
    return {
        "default": {
            "ENGINE": "config.database.postgresql",
            **_address(settings.database_url),
            "OPTIONS": {
                "application_name": NAME,
                "connect_timeout": CONNECT_SECONDS,
                **_options(settings.database_url),
                "pool": {
                    "kept": settings.database_pool_size,
                    "max_size": settings.database_pool_size + settings.database_pool_overflow,
                    "timeout": settings.database_pool_timeout_seconds,
                    "max_lifetime": settings.database_pool_recycle_seconds,
                    "max_idle": settings.database_pool_recycle_seconds,
                    "reconnect_timeout": 0,  # Who needs a connection tries again.
                    # What was ended by the server in the meantime is replaced before anybody gets it.
                    "check": Pool.check_connection,
                },
            },
        }
    }


def _address(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError("DATABASE_URL: cannot be read") from None  # Without the text: it may hold a password.
    return {
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": port or "",
    }


def _options(url: str) -> dict[str, str]:
    """What the query of the URL says, such as `sslmode`."""
    options = dict(parse_qsl(urlsplit(url).query))
    try:
        make_conninfo(**options)
    except ProgrammingError as error:
        raise SettingsError(f"DATABASE_URL: {error}") from None
    return options
