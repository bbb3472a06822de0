"""Tells a database that does not answer from one that refuses what it is asked."""

from collections.abc import Generator
from contextlib import contextmanager

from django.conf import settings
from django.db import InterfaceError, OperationalError

from service.domain.errors import Unavailable

NO_ANSWER = (OperationalError, InterfaceError)


@contextmanager
def unavailable_on_failure() -> Generator[None]:
    try:
        yield
    except NO_ANSWER as error:
        raise unavailable(error) from error


def unavailable(error: Exception) -> Unavailable:
    """The same in the service's words."""
    is_exhausted = isinstance(error.__cause__, settings.DATABASE_EXHAUSTED)
    told = Unavailable(
        "All connections to the database are in use." if is_exhausted else "The database does not answer."
    )
    told.__cause__ = error
    return told
