"""Tells a database that does not answer from one that refuses what it is asked."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError

from service.domain.errors import Unavailable


@contextmanager
def unavailable_on_failure() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise Unavailable("The database does not answer.") from error
