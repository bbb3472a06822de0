from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

CREATE = """
CREATE OR REPLACE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER outbox_notify AFTER INSERT ON outbox
FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox();
"""

DROP = "DROP TRIGGER outbox_notify ON outbox; DROP FUNCTION notify_outbox();"


def create(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    _execute(editor, CREATE)


def drop(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    _execute(editor, DROP)


def _execute(editor: BaseDatabaseSchemaEditor, statements: str) -> None:
    if editor.connection.vendor == "postgresql":  # The others have nobody who could be told.
        editor.execute(statements)


class Migration(migrations.Migration):
    """Lets the relay of any instance hear at once of an event that any other has stored."""

    dependencies = [("events", "0001_events")]

    operations = [migrations.RunPython(create, drop)]
