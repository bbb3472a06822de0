"""Waits for what happens in its own time, on a machine that may be busy."""

import asyncio
from collections.abc import Callable
from time import monotonic

PATIENCE_SECONDS = 30


async def until(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while not condition():
        assert monotonic() < deadline
        await asyncio.sleep(0.01)
