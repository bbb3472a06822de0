import asyncio
from contextvars import ContextVar
from threading import Event, current_thread, main_thread

import pytest
from django.db import OperationalError

from service.domain.errors import Unavailable
from service.platform.consumer import AT_A_TIME
from service.platform.threads import in_thread

NAME: ContextVar[str] = ContextVar("NAME", default="nobody's")


async def test_a_call_runs_beside_the_event_loop_in_the_context_of_its_caller() -> None:
    NAME.set("ann's")

    assert await in_thread(lambda: (NAME.get(), current_thread() is main_thread())) == ("ann's", False)


async def test_a_database_that_does_not_answer_is_unavailable() -> None:
    def fail() -> None:
        raise OperationalError("nobody there")

    with pytest.raises(Unavailable):
        await in_thread(fail)


async def test_handlers_that_hang_leave_a_thread_for_the_relay() -> None:
    may_end = Event()
    hanging = [asyncio.create_task(in_thread(may_end.wait)) for _ in range(AT_A_TIME)]
    try:
        await asyncio.sleep(0.05)
        assert await asyncio.wait_for(in_thread(lambda: "published"), 10) == "published"
    finally:
        may_end.set()
        await asyncio.gather(*hanging)
