"""The application, as a server such as uvicorn runs it: `uvicorn config.asgi:application`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from service.platform.handler import ThreadedHandler  # noqa: E402 - It needs the settings.

application = ThreadedHandler()
