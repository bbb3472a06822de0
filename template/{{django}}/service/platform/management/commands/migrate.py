from typing import Any, override

from django.core.management.commands import migrate
from django.db import connection

LOCK = "SELECT pg_advisory_lock(5701)"
UNLOCK = "SELECT pg_advisory_unlock(5701)"


class Command(migrate.Command):
    """Django's own; but of several instances that migrate at the same time, the later ones find nothing to do."""

    @override
    def handle(self, *arguments: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":  # The others have no lock that outlives a transaction.
            super().handle(*arguments, **options)
            return
        with connection.cursor() as cursor:
            cursor.execute(LOCK)
            try:
                super().handle(*arguments, **options)
            finally:
                cursor.execute(UNLOCK)
