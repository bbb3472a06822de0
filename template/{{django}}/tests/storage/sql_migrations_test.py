"""From an empty database to the newest migration, and back."""

import pytest
from django.core.management import call_command
from django.db import connection

APPS = ("users", "activity", "events")


def schema() -> dict[str, list[str]]:
    """The tables of the service, and the columns and constraints of each."""
    with connection.cursor() as cursor:
        introspection = connection.introspection
        return {
            table: sorted(
                [
                    *(column.name for column in introspection.get_table_description(cursor, table)),
                    *introspection.get_constraints(cursor, table),
                ]
            )
            for table in introspection.table_names(cursor)
        }


@pytest.mark.django_db(transaction=True)
def test_every_migration_can_be_taken_back_and_applied_again() -> None:
    newest = schema()
    try:
        for app in APPS:
            call_command("migrate", app, "zero", verbosity=0)
        empty = schema()
    finally:
        call_command("migrate", verbosity=0)

    own = {"users", "sessions", "activity", "outbox", "inbox", "dead_letters", "leases"}
    assert own <= newest.keys()
    assert own & empty.keys() == set()
    assert schema() == newest
