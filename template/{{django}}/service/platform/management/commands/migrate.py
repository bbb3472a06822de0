from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, override

from django.conf import settings
from django.core.management.commands import migrate
from django.db import connection


class Command(migrate.Command):
    """Django's own; but of several instances that migrate at the same time, the later ones find nothing to do."""

    @override
    def handle(self, *arguments: Any, **options: Any) -> None:
        with _alone():
            super().handle(*arguments, **options)
        if options["app_label"] is None and options["verbosity"]:
            self.stdout.write("The database is at the newest revision.")


@contextmanager
def _alone() -> Generator[None]:
    if settings.MIGRATION_LOCK is None:
        yield
        return
    lock, unlock = settings.MIGRATION_LOCK
    with connection.cursor() as cursor:
        cursor.execute(lock)
        try:
            yield
        finally:
            cursor.execute(unlock)
