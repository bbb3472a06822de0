"""Calls of the ORM from asynchronous code."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial

from django.db import connections

from service.platform.availability import unavailable_on_failure
from service.platform.consumer import AT_A_TIME

_threads = ThreadPoolExecutor(2 * AT_A_TIME, "events")
"""More than there are handlers at a time: the relay goes on while all of them wait for something."""


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

    return await asyncio.get_running_loop().run_in_executor(_threads, partial(copy_context().run, call))
