import os

from django.db import models

DATABASE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": os.environ["DATABASE_URL"].removeprefix("sqlite:///"),
}
ID = models.UUIDField(primary_key=True)
