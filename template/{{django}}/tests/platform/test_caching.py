import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from pytest_django import Settings

from service.platform import caching
from service.platform.caching import cache_result
from service.platform.measuring import METRICS
from tests.patience import PATIENCE_SECONDS

MINUTE = 60.0


@dataclass(frozen=True)
class Point:
    x: float
    label: str | None


class CacheError(Exception):
    """What a cache raises that is down."""


class BreakableCache:
    """A cache that can be taken away, and brought back."""

    def __init__(self, cache: BaseCache) -> None:
        self._cache = cache
        self.broken: set[str] = set()
        self.asked: list[str] = []

    def __getattr__(self, operation: str) -> Callable[..., object]:
        def carry_out(*args: object, **kwargs: object) -> object:
            self.asked.append(operation)
            if operation in self.broken:
                raise CacheError
            call: Callable[..., object] = getattr(self._cache, operation)
            return call(*args, **kwargs)

        return carry_out


class Counter:
    """A slow function that counts how often it runs, and answers that number."""

    def __init__(self) -> None:
        self.runs = 0
        self.is_running = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def run(self, _name: str = "", *, _kind: str = "") -> int:
        self.runs += 1
        answer = self.runs
        self.is_running.set()
        assert self.go_on.wait(PATIENCE_SECONDS)
        return answer


@pytest.fixture(autouse=True)
def breakable(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> BreakableCache:
    cache = caches.create_connection("default")
    cache.key_prefix = f"test:{secrets.token_hex(8)}"  # Nothing is found of another test, and nothing is deleted.
    breakable = BreakableCache(cache)
    settings.CACHE_FAILURES = (CacheError,)
    monkeypatch.setattr(caching, "cache", breakable)
    monkeypatch.setattr(caching, "REST_SECONDS", 0.0)  # A broken cache is asked again at once.
    return breakable


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(200) as threads:
        yield threads


def results[Result](futures: list[Future[Result]]) -> list[Result]:
    return [each.result(PATIENCE_SECONDS) for each in futures]


# Results


def test_a_result_is_computed_once_for_the_same_arguments(counter: Counter) -> None:
    count = cache_result(MINUTE)(counter.run)

    assert [count("a"), count("a"), count("a", _kind="b"), count("b")] == [1, 1, 2, 3]
    assert count("a", _kind="b") == 2


def test_results_come_back_as_what_they_were() -> None:
    def point() -> Point:
        return Point(0.5, None)

    def nothing() -> Point | None:
        return None

    for function in (point, nothing):
        remembered = cache_result(MINUTE)(function)
        assert remembered() == remembered() == function()


def test_a_result_expires(counter: Counter) -> None:
    count = cache_result(1.0)(counter.run)

    assert count() == 1
    time.sleep(1.1)
    assert count() == 2


def test_functions_do_not_share_results(counter: Counter) -> None:
    def other(_name: str) -> int:
        return -1

    assert cache_result(MINUTE)(counter.run)("a") == 1
    assert cache_result(MINUTE)(other)("a") == -1


def test_what_another_release_kept_is_computed_again(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    def earlier_release(_name: str) -> str:
        return "another form"

    before, count = cache_result(MINUTE)(earlier_release), cache_result(MINUTE)(counter.run)
    monkeypatch.setattr(before, "key", count.key)
    before("a")

    assert [count("a"), count("a")] == [1, 1]


def test_calls_are_counted_by_what_the_cache_had(breakable: BreakableCache, counter: Counter) -> None:
    def values() -> list[float]:
        function = f"{Counter.__module__}.Counter.run"
        labels = ({"function": function, "result": each} for each in ("miss", "hit", "unavailable"))
        return [METRICS.registry.get_sample_value("cache_requests_total", each) or 0 for each in labels]

    before = values()
    count = cache_result(MINUTE)(counter.run)
    count()
    count()
    count()
    breakable.broken = {"read"}
    count()

    assert [after - earlier for after, earlier in zip(values(), before, strict=True)] == [1, 2, 1]


# Many at once


def test_many_misses_at_once_compute_once(
    breakable: BreakableCache, counter: Counter, threads: ThreadPoolExecutor
) -> None:
    # Made twice, as in two processes: they have nothing in common but the cache.
    counts = [cache_result(MINUTE)(counter.run) for _ in range(2)]
    counter.go_on.clear()
    futures = [threads.submit(count) for count in counts for _ in range(40)]
    until(lambda: breakable.asked.count("lease") >= 80)
    counter.go_on.set()

    assert results(futures) == [1] * 80


def test_who_died_with_the_lease_does_not_stop_the_others(
    counter: Counter, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "LEASE_SECONDS", 1)
    count = cache_result(MINUTE)(counter.run)
    counter.go_on.clear()
    dead = threads.submit(count)
    assert counter.is_running.wait(PATIENCE_SECONDS)
    monkeypatch.setattr(caching, "LEASE_SECONDS", MINUTE)
    counter.is_running.clear()
    waiting = threads.submit(count)
    assert counter.is_running.wait(PATIENCE_SECONDS)
    counter.go_on.set()

    assert results([dead, waiting]) == [1, 2]
    assert count() in {1, 2}  # It has been kept.


def test_nobody_waits_forever_for_others(
    counter: Counter, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = cache_result(MINUTE)(counter.run)
    counter.go_on.clear()
    endless = threads.submit(count)
    assert counter.is_running.wait(PATIENCE_SECONDS)
    monkeypatch.setattr(caching, "LEASE_SECONDS", 0.05)
    counter.is_running.clear()
    waiting = threads.submit(count)
    assert counter.is_running.wait(PATIENCE_SECONDS)
    counter.go_on.set()

    assert results([endless, waiting]) == [1, 2]


def test_a_failure_lets_the_next_one_try() -> None:
    runs = 0

    def fail_once() -> int:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ValueError("not this time")
        return runs

    function = cache_result(MINUTE)(fail_once)
    with pytest.raises(ValueError, match="not this time"):
        function()

    started = time.monotonic()
    assert function() == 2
    assert time.monotonic() - started < 1  # It need not wait for a lease to run out.


# Invalidation


def test_what_is_invalidated_is_computed_again(counter: Counter) -> None:
    count = cache_result(MINUTE)(counter.run)
    count("a")
    count("b")
    count.invalidate("a")

    assert [count("a"), count("b")] == [3, 2]


def test_a_result_from_before_an_invalidation_is_not_kept(counter: Counter, threads: ThreadPoolExecutor) -> None:
    count = cache_result(MINUTE)(counter.run)
    counter.go_on.clear()
    before = threads.submit(count)
    assert counter.is_running.wait(PATIENCE_SECONDS)
    count.invalidate()
    counter.is_running.clear()
    after = threads.submit(count)
    assert counter.is_running.wait(PATIENCE_SECONDS)  # It does not wait for the one from before.
    counter.go_on.set()

    assert results([before, after]) == [1, 2]
    assert count() == 2


# Without a cache


@pytest.mark.parametrize("broken", [{"read"}, {"lease"}, {"put"}, {"read", "lease", "put", "discard"}])
def test_without_a_cache_the_function_simply_runs(
    breakable: BreakableCache, counter: Counter, broken: set[str]
) -> None:
    breakable.broken = broken
    count = cache_result(MINUTE)(counter.run)

    assert [count("a"), count("b")] == [1, 2]


def test_a_failing_cache_is_left_alone_for_a_moment(
    breakable: BreakableCache, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "REST_SECONDS", 0.2)
    count = cache_result(MINUTE)(counter.run)
    breakable.broken = {"read"}
    count()
    breakable.broken = set()

    assert [count(), count()] == [2, 3]
    time.sleep(0.3)
    assert [count(), count()] == [4, 4]


def test_an_invalidation_is_made_up_for_when_the_cache_is_back(breakable: BreakableCache, counter: Counter) -> None:
    count = cache_result(MINUTE)(counter.run)
    assert count() == 1
    breakable.broken = {"discard"}
    count.invalidate()

    assert [count(), count()] == [2, 3]  # Reading would still work, but may be outdated.
    breakable.broken = set()
    assert [count(), count()] == [4, 4]


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.005)
