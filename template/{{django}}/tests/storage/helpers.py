"""What the tests of the storage have in common."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection

from service.domain.events import Event
from service.events import storage
from service.users.models import User

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)


def pending() -> list[Event]:
    return list(storage.pending(1000))


def add_user(name: str, event: Event) -> User:
    user = User(email=f"{name}@example.org", name=name, password="hash")
    storage.insert(user, event)
    return user


def ignore(_event: Event) -> None:
    """As a handler that has nothing to do."""


def at_once[Argument, Result](function: Callable[[Argument], Result], arguments: Iterable[Argument]) -> list[Result]:
    """Calls it for all arguments at the same time, each in a thread with a connection of its own."""

    def call(argument: Argument) -> Result:
        try:
            return function(argument)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as threads:
        return list(threads.map(call, arguments))
