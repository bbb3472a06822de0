"""Work that goes on beside the requests, for as long as the service runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

REST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Worker:
    """Something that runs until it is cancelled, and is started again should it break."""

    name: str
    run: Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(workers: Sequence[Worker]) -> AsyncIterator[None]:
    """Runs the workers for as long as the block lasts, and waits until each has stopped."""
    tasks = [asyncio.create_task(_keep_running(worker), name=worker.name) for worker in workers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def _keep_running(worker: Worker) -> None:
    while True:
        try:
            await worker.run()
        except Exception:
            log.exception("worker broke", worker=worker.name)
        await asyncio.sleep(REST_SECONDS)
