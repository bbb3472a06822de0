import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from service.domain.errors import Unavailable
from service.platform import caching
from service.platform.caching import CachedFunction, CacheManager
from service.platform.metrics import Metrics
from service.ports import Cache

MINUTE = 60.0


@dataclass(frozen=True)
class Point:
    x: float
    label: str | None


class BreakableCache:
    """A cache that can be taken away, and brought back."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self.broken: set[str] = set()
        self.was_asked_for_a_lease = asyncio.Event()

    def _check(self, operation: str) -> None:
        if operation in self.broken:
            raise Unavailable("The cache is broken.")

    async def get(self, key: str) -> bytes | None:
        self._check("get")
        return await self._cache.get(key)

    async def lease(self, key: str, seconds: float) -> str | None:
        self._check("lease")
        lease = await self._cache.lease(key, seconds)
        self.was_asked_for_a_lease.set()
        return lease

    async def put(self, key: str, value: bytes, *, seconds: float, lease: str) -> None:
        self._check("put")
        await self._cache.put(key, value, seconds=seconds, lease=lease)

    async def delete(self, key: str) -> None:
        self._check("delete")
        await self._cache.delete(key)

    async def ping(self) -> None:
        self._check("ping")


class Counter:
    """A slow function that counts how often it runs, and answers that number."""

    def __init__(self) -> None:
        self.runs = 0
        self.is_running = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def run(self, _name: str = "", *, _kind: str = "") -> int:
        self.runs += 1
        answer = self.runs
        self.is_running.set()
        await asyncio.sleep(0)
        await self.go_on.wait()
        return answer


@pytest.fixture
def breakable(cache: Cache) -> BreakableCache:
    return BreakableCache(cache)


@pytest.fixture
def manager(breakable: BreakableCache) -> CacheManager:
    return CacheManager(breakable, Metrics())


@pytest.fixture
def counter() -> Counter:
    return Counter()


def cached[**P, Result](
    manager: CacheManager, function: Callable[P, Awaitable[Result]], ttl: float = MINUTE
) -> CachedFunction[P, Result]:
    return manager.cache_result(ttl)(function)


# Results


async def test_a_result_is_computed_once_for_the_same_arguments(manager: CacheManager, counter: Counter) -> None:
    count = cached(manager, counter.run)

    assert [await count("a"), await count("a"), await count("a", _kind="b"), await count("b")] == [1, 1, 2, 3]
    assert await count("a", _kind="b") == 2


async def test_results_come_back_as_what_they_were(manager: CacheManager) -> None:
    async def point() -> Point:
        return Point(0.5, None)

    async def nothing() -> Point | None:
        return None

    for function in (point, nothing):
        remembered = cached(manager, function)
        assert await remembered() == await remembered() == await function()


async def test_a_result_expires(manager: CacheManager, counter: Counter) -> None:
    count = cached(manager, counter.run, ttl=0.05)

    assert await count() == 1
    await asyncio.sleep(0.1)
    assert await count() == 2


async def test_functions_do_not_share_results(manager: CacheManager, counter: Counter) -> None:
    async def other(_name: str) -> int:
        return -1

    assert await cached(manager, counter.run)("a") == 1
    assert await cached(manager, other)("a") == -1


async def test_what_another_release_kept_is_computed_again(
    manager: CacheManager, breakable: BreakableCache, counter: Counter
) -> None:
    count = cached(manager, counter.run)
    key = count.key("a")
    lease = await breakable.lease(key, MINUTE)
    assert lease
    await breakable.put(key, b'{"another": "form"}', seconds=MINUTE, lease=lease)

    assert [await count("a"), await count("a")] == [1, 1]


async def test_calls_are_counted_by_what_the_cache_had(breakable: BreakableCache, counter: Counter) -> None:
    metrics = Metrics()
    count = cached(CacheManager(breakable, metrics), counter.run)
    await count()
    await count()
    await count()
    breakable.broken = {"get"}
    await count()

    def value(result: str) -> float | None:
        function = f"{Counter.__module__}.Counter.run"
        return metrics.registry.get_sample_value("cache_requests_total", {"function": function, "result": result})

    assert (value("miss"), value("hit"), value("unavailable")) == (1, 2, 1)


# Many at once


async def test_many_misses_at_once_compute_once(manager: CacheManager, counter: Counter) -> None:
    count = cached(manager, counter.run)

    assert await asyncio.gather(*(count() for _ in range(200))) == [1] * 200


async def test_many_misses_in_many_processes_compute_once(cache: Cache, counter: Counter) -> None:
    caches = [BreakableCache(cache) for _ in range(4)]
    counts = [cached(CacheManager(each, Metrics()), counter.run) for each in caches]
    counter.go_on.clear()
    results = asyncio.gather(*(count() for count in counts for _ in range(50)))
    for each in caches:
        await each.was_asked_for_a_lease.wait()
    counter.go_on.set()

    assert await results == [1] * 200


async def test_a_process_that_died_with_the_lease_does_not_stop_the_others(
    manager: CacheManager, breakable: BreakableCache, counter: Counter
) -> None:
    count = cached(manager, counter.run)
    assert await breakable.lease(count.key(), 0.05)

    async with asyncio.timeout(1):
        assert await count() == 1


async def test_nobody_waits_forever_for_other_processes(
    manager: CacheManager, breakable: BreakableCache, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "LEASE_SECONDS", 0.05)
    count = cached(manager, counter.run)
    assert await breakable.lease(count.key(), MINUTE)

    async with asyncio.timeout(1):
        assert await count() == 1


async def test_waiting_for_another_process_ends_with_what_it_kept(
    manager: CacheManager, breakable: BreakableCache, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "POLL_SECONDS", 0.001)
    count = cached(manager, counter.run)
    for kept, expected in ((b"42", 42), (b'"of another release"', 1)):
        lease = await breakable.lease(count.key(), MINUTE)
        assert lease
        waiting = asyncio.create_task(count())
        await asyncio.sleep(0.01)
        await breakable.put(count.key(), kept, seconds=MINUTE, lease=lease)
        assert await waiting == expected
        await count.invalidate()


async def test_what_another_process_keeps_at_the_last_moment_is_not_computed_again(
    manager: CacheManager, breakable: BreakableCache, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = cached(manager, counter.run)
    lease = await breakable.lease(count.key(), MINUTE)
    assert lease
    get, looks = breakable.get, 0

    async def get_too_early(key: str) -> bytes | None:
        nonlocal looks
        looks += 1
        found = await get(key)
        if looks == 2:  # The first look is the miss, the second one comes after a wait.
            await breakable.put(key, b"42", seconds=MINUTE, lease=lease)
        return found

    monkeypatch.setattr(breakable, "get", get_too_early)

    assert await count() == 42
    assert await breakable.lease(count.key(), MINUTE)  # It has been given back.


async def test_a_failure_reaches_all_who_wait_and_lets_the_next_one_try(manager: CacheManager) -> None:
    runs = 0

    async def fail_once() -> int:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)
        if runs == 1:
            raise ValueError("not this time")
        return runs

    function = cached(manager, fail_once)
    results = await asyncio.gather(*(function() for _ in range(3)), return_exceptions=True)

    assert [repr(each) for each in results] == ["ValueError('not this time')"] * 3
    async with asyncio.timeout(1):  # It need not wait for a lease to run out.
        assert await function() == 2


async def test_who_gives_up_does_not_take_the_result_from_the_others(manager: CacheManager, counter: Counter) -> None:
    count = cached(manager, counter.run)
    counter.go_on.clear()
    impatient = asyncio.create_task(count())
    await counter.is_running.wait()
    patient = asyncio.create_task(count())
    impatient.cancel()
    await asyncio.wait([impatient])
    counter.go_on.set()

    assert await patient == 1
    assert impatient.cancelled()


# Invalidation


async def test_what_is_invalidated_is_computed_again(manager: CacheManager, counter: Counter) -> None:
    count = cached(manager, counter.run)
    await count("a")
    await count("b")
    await count.invalidate("a")

    assert [await count("a"), await count("b")] == [3, 2]


async def test_a_result_from_before_an_invalidation_is_not_kept(manager: CacheManager, counter: Counter) -> None:
    count = cached(manager, counter.run)
    counter.go_on.clear()
    before = asyncio.create_task(count())
    await counter.is_running.wait()
    await count.invalidate()
    counter.is_running.clear()
    after = asyncio.create_task(count())
    await counter.is_running.wait()
    counter.go_on.set()

    assert [await before, await after, await count()] == [1, 2, 2]


# Without a cache


@pytest.mark.parametrize("broken", [{"get"}, {"lease"}, {"put"}, {"get", "lease", "put", "delete"}])
async def test_without_a_cache_the_function_simply_runs(
    manager: CacheManager, breakable: BreakableCache, counter: Counter, broken: set[str]
) -> None:
    breakable.broken = broken
    count = cached(manager, counter.run)

    async with asyncio.timeout(1):
        assert [await count("a"), await count("b")] == [1, 2]


async def test_a_deletion_is_made_up_for_when_the_cache_is_back(
    manager: CacheManager, breakable: BreakableCache, counter: Counter
) -> None:
    count = cached(manager, counter.run)
    assert await count() == 1
    breakable.broken = {"delete"}
    await count.invalidate()

    assert [await count(), await count()] == [2, 3]  # Reading would still work, but may be outdated.
    breakable.broken = set()
    assert [await count(), await count()] == [4, 4]
