#!/usr/bin/env python
"""Django's commands: `python manage.py help`."""

import os
import sys

from django.core.management import execute_from_command_line

from service.settings import SettingsError

REMEDY = "See .env.example; `make setup` makes an .env for development."


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except SettingsError as error:
        sys.exit(f"{error}\n{REMEDY}")


if __name__ == "__main__":
    main()
