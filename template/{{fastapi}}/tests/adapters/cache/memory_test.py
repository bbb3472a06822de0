"""What only the cache in memory must see to: that it does not grow without an end."""

from service.adapters.cache.memory import MemoryCache

MINUTE = 60.0


async def keep(cache: MemoryCache, key: str) -> None:
    lease = await cache.lease(key, MINUTE)
    assert lease
    await cache.put(key, key.encode(), seconds=MINUTE, lease=lease)


async def test_what_was_not_used_for_longest_goes_first() -> None:
    cache = MemoryCache(max_entries=3)
    for key in ("a", "b", "c"):
        await keep(cache, key)
    await cache.get("a")
    await keep(cache, "d")

    assert [await cache.get(key) for key in ("a", "b", "c", "d")] == [b"a", None, b"c", b"d"]


async def test_a_value_that_is_kept_again_counts_as_used() -> None:
    cache = MemoryCache(max_entries=2)
    for key in ("a", "b", "a", "c"):
        await keep(cache, key)

    assert [await cache.get(key) for key in ("a", "b", "c")] == [b"a", None, b"c"]
