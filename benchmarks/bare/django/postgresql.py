import os
from urllib.parse import urlsplit

from django.db import models

url = urlsplit(os.environ["DATABASE_URL"])
DATABASE = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": url.path.removeprefix("/"),
    "USER": url.username,
    "PASSWORD": url.password,
    "HOST": url.hostname,
    "PORT": url.port,
    "OPTIONS": {"pool": {"min_size": 20, "max_size": 50}},
}
ID = models.UUIDField(primary_key=True)
