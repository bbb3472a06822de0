"""Looks whether the database is what the models expect, before something begins to work on it."""

import structlog
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

log = structlog.get_logger()


def require_migrations() -> None:
    """Raises `CommandError` if the database lacks a migration. That it does not answer is no reason not to start."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        log.warning("the database does not answer yet", error=repr(error))
        return
    finally:
        connection.close()
    if missing:
        raise CommandError("The database lacks migrations. Run `make migrate`.", returncode=2)
