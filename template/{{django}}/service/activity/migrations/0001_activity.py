from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Activity",
            fields=[
                ("key", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("event_id", models.CharField(db_column="id", max_length=1000)),
                ("type", models.CharField(max_length=1000)),
                ("user_id", models.CharField(max_length=64, null=True)),
                ("by", models.CharField(max_length=64, null=True)),
                ("time", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "activity",
                "db_table": "activity",
                "indexes": [
                    models.Index(fields=["time", "key"], name="ix_activity_time_key"),
                    models.Index(fields=["user_id", "time", "key"], name="ix_activity_user_id_time_key"),
                ],
            },
        ),
    ]
