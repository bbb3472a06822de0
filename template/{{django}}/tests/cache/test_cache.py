"""What every cache promises beside what Django's do."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest
from django.core.cache import caches

from service.platform.caching import Cache

MINUTE = 60.0


@pytest.fixture
def cache() -> Cache:
    made = caches.create_connection("default")
    made.key_prefix = f"test:{secrets.token_hex(8)}"
    return cast("Cache", made)


def keep(cache: Cache, key: str, value: bytes, seconds: float = MINUTE) -> None:
    lease = cache.lease(key, MINUTE)
    assert lease
    cache.put(key, value, seconds=seconds, lease=lease)


def test_it_gives_back_what_it_was_given(cache: Cache) -> None:
    keep(cache, "a", b"\x00value")
    keep(cache, "b", b"")

    assert [cache.read("a"), cache.read("b"), cache.read("c")] == [b"\x00value", b"", None]


def test_a_value_expires(cache: Cache) -> None:
    keep(cache, "a", b"value", seconds=0.2)
    assert cache.read("a") == b"value"
    time.sleep(0.25)

    assert cache.read("a") is None


def test_what_is_discarded_is_gone(cache: Cache) -> None:
    keep(cache, "a", b"value")
    keep(cache, "b", b"value")
    cache.discard("a")
    cache.discard("unknown")

    assert [cache.read("a"), cache.read("b")] == [None, b"value"]


def test_one_caller_at_a_time_has_the_lease(cache: Cache) -> None:
    with ThreadPoolExecutor(10) as threads:
        leases = list(threads.map(lambda _: cache.lease("a", MINUTE), range(10)))

    assert len([lease for lease in leases if lease]) == 1
    assert cache.lease("b", MINUTE)


def test_a_lease_runs_out(cache: Cache) -> None:
    assert cache.lease("a", 0.05)
    time.sleep(0.08)

    assert cache.lease("a", MINUTE)


def test_a_lease_is_good_for_one_value(cache: Cache) -> None:
    lease = cache.lease("a", MINUTE)
    assert lease
    cache.put("a", b"first", seconds=MINUTE, lease=lease)
    cache.put("a", b"second", seconds=MINUTE, lease=lease)

    assert cache.read("a") == b"first"
    assert cache.lease("a", MINUTE)


def test_a_value_without_a_lease_is_not_kept(cache: Cache) -> None:
    cache.put("a", b"value", seconds=MINUTE, lease="made up")
    cache.lease("b", MINUTE)
    cache.put("b", b"value", seconds=MINUTE, lease="made up")

    assert [cache.read("a"), cache.read("b")] == [None, None]


def test_discarding_ends_the_lease(cache: Cache) -> None:
    lease = cache.lease("a", MINUTE)
    assert lease
    cache.discard("a")
    cache.put("a", b"outdated", seconds=MINUTE, lease=lease)

    assert cache.read("a") is None
    assert cache.lease("a", MINUTE)
