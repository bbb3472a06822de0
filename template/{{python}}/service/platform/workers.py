"""Work that goes on beside the requests, for as long as the service runs."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog

log = structlog.get_logger()

REST_SECONDS = 1.0
DRAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Worker:
    """Something that runs until it is cancelled, and is started again should it break."""

    name: str
    run: Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(workers: Sequence[Worker]) -> AsyncGenerator[None]:
    """Runs the workers for as long as the block lasts; then stops them from the last to the first, each in peace."""
    tasks = [asyncio.create_task(_keep_running(worker), name=worker.name) for worker in workers]
    try:
        yield
    finally:
        for task in reversed(tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def finish[Result](work: Coroutine[Any, Any, Result]) -> Result:
    """Lets work that has begun come to its end even when it is cancelled, unless that takes too long."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await drain([task])
        raise


async def drain(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Waits until tasks have ended, and cancels those that take too long."""
    if tasks:
        _, unfinished = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
        for each in unfinished:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def is_stopping() -> bool:
    """Whether the current task has been cancelled: something may have gone wrong after that, and hidden it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _keep_running(worker: Worker) -> None:
    while not is_stopping():
        try:
            await worker.run()
        except Exception:
            log.exception("worker broke", worker=worker.name)
        await asyncio.sleep(REST_SECONDS)
