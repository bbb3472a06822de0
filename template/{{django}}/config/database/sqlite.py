"""SQLite: a file, read by many while one writes."""

from typing import Any

from config.database import DJANGOS_APPS
from service.settings import Settings

APPS = DJANGOS_APPS
AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATION_MODULES: dict[str, str | None] = {}
MIGRATION_LOCK: tuple[str, str] | None = None  # It has none that outlives a transaction.
JSON_TYPE = "text"
SILENCED_SYSTEM_CHECKS: list[str] = []

EXHAUSTED: tuple[type[Exception], ...] = ()
"""There is a connection for each thread."""

PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"  # Django turns foreign keys on by itself.


def databases(settings: Settings) -> dict[str, dict[str, Any]]:
    path = settings.database_url.removeprefix("sqlite:///")
    return {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path,
            "CONN_MAX_AGE": None,  # A connection for each thread, for as long as there is the thread.
            "OPTIONS": {
                # A transaction that began with reading could not go on to write when another has written since.
                "transaction_mode": "IMMEDIATE",
                "init_command": PRAGMAS,
                "timeout": settings.database_pool_timeout_seconds,
            },
            # A file as well: in a database in memory, a thread that reads fails while another one writes.
            "TEST": {"NAME": f"{path.removesuffix('.db')}.tests.db"},
        }
    }
