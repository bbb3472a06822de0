import os
from urllib.parse import urlsplit

from django_mongodb_backend.fields import ObjectIdField

url = os.environ["DATABASE_URL"]
DATABASE = {
    "ENGINE": "django_mongodb_backend",
    "HOST": url,
    "NAME": urlsplit(url).path.removeprefix("/"),
    "OPTIONS": {"maxPoolSize": 50},
}
ID = ObjectIdField(primary_key=True, db_column="_id")
