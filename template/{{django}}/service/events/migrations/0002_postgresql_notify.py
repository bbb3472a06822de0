from django.db import migrations

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


class Migration(migrations.Migration):
    """Lets the relay of any instance hear at once of an event that any other has stored."""

    dependencies = [("events", "0001_events")]

    operations = [migrations.RunSQL(CREATE, DROP)]
