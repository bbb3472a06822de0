from django.db import migrations, models

import service.events.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                ("id", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("body", models.BinaryField()),
                ("error", models.TextField()),
                ("attempts", models.IntegerField()),
                ("parked_at", models.DateTimeField()),
            ],
            options={
                "db_table": "dead_letters",
                "ordering": ["parked_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Inbox",
            fields=[
                ("event_id", models.CharField(db_column="id", max_length=1000)),
                ("source", models.CharField(max_length=1000)),
                ("type", models.CharField(max_length=1000)),
                ("subject", models.CharField(blank=True, max_length=1000)),
                ("time", models.DateTimeField()),
                ("data", service.events.fields.EventData()),
                ("trace", models.CharField(max_length=64, null=True)),
                ("key", models.CharField(max_length=32, primary_key=True, serialize=False)),
            ],
            options={
                "verbose_name_plural": "inbox",
                "db_table": "inbox",
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("name", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("owner", models.CharField(max_length=64)),
                ("until", models.DateTimeField()),
            ],
            options={
                "db_table": "leases",
            },
        ),
        migrations.CreateModel(
            name="Outbox",
            fields=[
                ("event_id", models.CharField(db_column="id", max_length=1000)),
                ("source", models.CharField(max_length=1000)),
                ("type", models.CharField(max_length=1000)),
                ("subject", models.CharField(blank=True, max_length=1000)),
                ("time", models.DateTimeField()),
                ("data", service.events.fields.EventData()),
                ("trace", models.CharField(max_length=64, null=True)),
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
            ],
            options={
                "verbose_name_plural": "outbox",
                "db_table": "outbox",
            },
        ),
    ]
