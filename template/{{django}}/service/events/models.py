"""What is known of events: those still to be published, those handled, those that could not be."""

from typing import ClassVar, override

from django.db import models

from service.events.fields import EventData


class Recorded(models.Model):
    """The columns of an event. Its id is `event_id`, since Django keeps `id` for primary keys."""

    event_id = models.CharField(max_length=1000, db_column="id")
    source = models.CharField(max_length=1000)
    type = models.CharField(max_length=1000)
    subject = models.CharField(max_length=1000, blank=True)
    time = models.DateTimeField()
    data = EventData()
    trace = models.CharField(max_length=64, null=True)  # None and "" are not the same.

    class Meta:
        abstract = True

    @override
    def __str__(self) -> str:
        return f"{self.type} of {self.time:%Y-%m-%d %H:%M:%S}"


class Outbox(Recorded):
    """An event that is still to be published."""

    position = models.BigAutoField(primary_key=True)
    """Of two events of one subject, the later one has the higher position, since it waited for a lock on the record."""

    class Meta:
        db_table = "outbox"
        verbose_name_plural = "outbox"


class Inbox(Recorded):
    """An event that has been handled."""

    key = models.CharField(max_length=32, primary_key=True)

    class Meta:
        db_table = "inbox"
        verbose_name_plural = "inbox"


class DeadLetter(models.Model):
    """A message that could not be handled, put aside for somebody to look at."""

    id = models.CharField(max_length=32, primary_key=True)
    body = models.BinaryField()
    error = models.TextField()
    attempts = models.IntegerField()
    parked_at = models.DateTimeField()

    class Meta:
        db_table = "dead_letters"
        ordering: ClassVar = ["parked_at", "id"]

    @override
    def __str__(self) -> str:
        return self.id


class Lease(models.Model):
    """Who of all instances does what only one may do at a time."""

    name = models.CharField(max_length=64, primary_key=True)
    owner = models.CharField(max_length=64)
    until = models.DateTimeField()

    class Meta:
        db_table = "leases"

    @override
    def __str__(self) -> str:
        return self.name
