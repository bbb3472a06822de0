"""What every cache promises."""

import asyncio

from service.ports import Cache

MINUTE = 60.0


async def keep(cache: Cache, key: str, value: bytes, seconds: float = MINUTE) -> None:
    lease = await cache.lease(key, MINUTE)
    assert lease
    await cache.put(key, value, seconds=seconds, lease=lease)


async def test_it_gives_back_what_it_was_given(cache: Cache) -> None:
    await keep(cache, "a", b"\x00value")
    await keep(cache, "b", b"")

    assert [await cache.get("a"), await cache.get("b"), await cache.get("c")] == [b"\x00value", b"", None]


async def test_a_value_expires(cache: Cache) -> None:
    await keep(cache, "a", b"value", seconds=0.05)
    assert await cache.get("a") == b"value"
    await asyncio.sleep(0.08)

    assert await cache.get("a") is None


async def test_a_deleted_value_is_gone(cache: Cache) -> None:
    await keep(cache, "a", b"value")
    await keep(cache, "b", b"value")
    await cache.delete("a")
    await cache.delete("unknown")

    assert [await cache.get("a"), await cache.get("b")] == [None, b"value"]


async def test_one_caller_at_a_time_has_the_lease(cache: Cache) -> None:
    leases = await asyncio.gather(*(cache.lease("a", MINUTE) for _ in range(10)))

    assert len([lease for lease in leases if lease]) == 1
    assert await cache.lease("b", MINUTE)


async def test_a_lease_runs_out(cache: Cache) -> None:
    assert await cache.lease("a", 0.05)
    await asyncio.sleep(0.08)

    assert await cache.lease("a", MINUTE)


async def test_a_lease_is_good_for_one_value(cache: Cache) -> None:
    lease = await cache.lease("a", MINUTE)
    assert lease
    await cache.put("a", b"first", seconds=MINUTE, lease=lease)
    await cache.put("a", b"second", seconds=MINUTE, lease=lease)

    assert await cache.get("a") == b"first"
    assert await cache.lease("a", MINUTE)


async def test_a_value_without_a_lease_is_not_kept(cache: Cache) -> None:
    await cache.put("a", b"value", seconds=MINUTE, lease="made up")
    await cache.lease("b", MINUTE)
    await cache.put("b", b"value", seconds=MINUTE, lease="made up")

    assert [await cache.get("a"), await cache.get("b")] == [None, None]


async def test_deleting_ends_the_lease(cache: Cache) -> None:
    lease = await cache.lease("a", MINUTE)
    assert lease
    await cache.delete("a")
    await cache.put("a", b"outdated", seconds=MINUTE, lease=lease)

    assert await cache.get("a") is None
    assert await cache.lease("a", MINUTE)


async def test_it_answers(cache: Cache) -> None:
    await cache.ping()
