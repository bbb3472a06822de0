#!/usr/bin/env python
"""Django's commands: `python manage.py help`."""

import os
import sys
import textwrap

from django.core.management import execute_from_command_line
from django.db import InterfaceError, OperationalError

from service.settings import SettingsError

REMEDY = "See .env.example; `make setup` makes an .env for development."


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except SettingsError as error:
        fail(str(error), REMEDY)
    except (OperationalError, InterfaceError) as error:
        reason = next(iter(str(error).splitlines()), "")
        told = textwrap.shorten(f"The database does not answer. {reason}", 300)
        fail(told, "Check DATABASE_URL, and that the server runs.")


def fail(*lines: str) -> None:
    sys.stderr.writelines(f"{line}\n" for line in lines)
    sys.exit(2)


if __name__ == "__main__":
    main()
