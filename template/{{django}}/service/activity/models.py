"""The activity log: who did what, when. It is a read model, made from events and nothing else."""

from typing import ClassVar, override

from django.db import models


class Activity(models.Model):
    key = models.CharField(max_length=32, primary_key=True)
    """The key of the event that it was made from: one event makes one entry, however often it arrives."""
    event_id = models.CharField(max_length=1000, db_column="id")
    type = models.CharField(max_length=1000)
    user_id = models.CharField(max_length=64, null=True)  # None if nobody is known.
    """Whom it is about. No foreign key: the entry outlives the user, who may be another service's."""
    by = models.CharField(max_length=64, null=True)  # None if nobody is known.
    time = models.DateTimeField()

    class Meta:
        db_table = "activity"
        verbose_name_plural = "activity"
        indexes: ClassVar = [
            models.Index(fields=["time", "key"], name="ix_activity_time_key"),
            models.Index(fields=["user_id", "time", "key"], name="ix_activity_user_id_time_key"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.type} of {self.time:%Y-%m-%d %H:%M:%S}"
