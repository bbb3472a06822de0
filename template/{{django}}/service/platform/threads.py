"""Calls of the ORM from asynchronous code."""

import asyncio
from collections.abc import Callable

from django.db import connections

from service.platform.availability import unavailable_on_failure


async def in_thread[**Arguments, Result](
    function: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Result:
    """Calls a function that uses the database in a thread, which gives its connection back afterwards.

    Raises:
        Unavailable: The database does not answer.
    """

    def call() -> Result:
        try:
            with unavailable_on_failure():
                return function(*arguments, **named)
        finally:
            connections.close_all()

    return await asyncio.to_thread(call)
