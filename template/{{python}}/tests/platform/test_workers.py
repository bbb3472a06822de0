import asyncio

import pytest
from structlog.testing import capture_logs

from service.platform import workers
from service.platform.doorbell import Doorbell
from service.platform.workers import Worker, finish, running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "REST_SECONDS", 0.01)
    monkeypatch.setattr(workers, "DRAIN_SECONDS", 0.1)


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_worker_that_breaks_or_ends_is_started_again() -> None:
    starts = 0
    is_third = asyncio.Event()

    async def work() -> None:
        nonlocal starts
        starts += 1
        if starts == 1:
            raise RuntimeError("no luck")
        if starts == 3:
            is_third.set()
            await asyncio.Event().wait()

    with capture_logs() as lines:
        async with running([Worker("a worker", work)]):
            await asyncio.wait_for(is_third.wait(), 10)

    assert [(line["event"], line["worker"]) for line in lines] == [("worker broke", "a worker")]
    assert starts == 3


async def test_workers_are_stopped_from_the_last_to_the_first() -> None:
    stopped: list[str] = []

    def worker(name: str) -> Worker:
        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.01)
                stopped.append(name)

        return Worker(name, work)

    async with running([worker("first"), worker("last")]):
        await asyncio.sleep(0.01)

    assert stopped == ["last", "first"]


async def test_a_worker_that_breaks_while_it_is_stopped_is_not_started_again() -> None:
    starts = 0

    async def work() -> None:
        nonlocal starts
        starts += 1
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("the connection was gone")

    async with asyncio.timeout(10):
        async with running([Worker("a worker", work)]):
            await asyncio.sleep(0.01)

    assert starts == 1


async def test_work_is_finished_when_its_task_is_stopped() -> None:
    done = asyncio.Event()

    async def work() -> int:
        await asyncio.sleep(0.05)
        done.set()
        return 1

    async def use() -> None:
        await finish(work())

    assert await finish(work()) == 1
    done.clear()
    task = asyncio.create_task(use())
    await asyncio.sleep(0.01)
    await stop(task)
    assert done.is_set()


async def test_work_that_takes_too_long_is_stopped() -> None:
    was_stopped = False

    async def work() -> None:
        nonlocal was_stopped
        try:
            await asyncio.Event().wait()
        finally:
            was_stopped = True

    task = asyncio.create_task(finish(work()))
    await asyncio.sleep(0.01)
    await stop(task)
    assert was_stopped


async def test_work_that_fails_says_so() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        await finish(work())


async def test_a_doorbell_is_heard_once_even_by_who_comes_later() -> None:
    doorbell = Doorbell()
    doorbell.ring()
    doorbell.ring()
    await asyncio.wait_for(doorbell.wait(60), 10)
    waiting = asyncio.create_task(doorbell.wait(60))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    doorbell.ring()
    await asyncio.wait_for(waiting, 10)


async def test_who_waits_at_the_door_gives_up_after_a_time() -> None:
    await asyncio.wait_for(Doorbell().wait(0.01), 10)
