"""What can go wrong with MongoDB, in Django's words."""

from collections.abc import Generator
from contextlib import contextmanager

from django.db import DatabaseError, IntegrityError, OperationalError
from pymongo.errors import ConfigurationError, ConnectionFailure, DuplicateKeyError, OperationFailure, PyMongoError

AUTHENTICATION_FAILED = 18


@contextmanager
def djangos_errors() -> Generator[None]:
    """The backend calls every failure a DatabaseError; whoever answers requests wants to know if nothing answers."""
    try:
        yield
    except DatabaseError as error:
        if _is_silent(error.__cause__):
            raise OperationalError(str(error)) from error.__cause__
        raise
    except DuplicateKeyError as error:
        raise IntegrityError(str(error)) from error
    except PyMongoError as error:
        kind = OperationalError if _is_silent(error) else DatabaseError
        raise kind(str(error)) from error


def _is_silent(error: BaseException | None) -> bool:
    if isinstance(error, OperationFailure):
        return error.code == AUTHENTICATION_FAILED
    return isinstance(error, ConnectionFailure | ConfigurationError)  # The latter when DNS finds no host.
