"""What only Redis has: it is a server, which others can write to, and where Django's own way of using it works too."""

import pickle
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.cache import caches
from redis.exceptions import TimeoutError  # noqa: A004 - Redis' own.

from config.cache import redis
from config.cache.redis import LeasingCache
from service.settings import Settings


@pytest.fixture
def cache() -> LeasingCache:
    made = caches.create_connection("default")
    assert isinstance(made, LeasingCache)
    made.key_prefix = f"test:{secrets.token_hex(8)}"
    return made


def test_django_itself_keeps_json_in_it(cache: LeasingCache) -> None:
    cache.set("a", {"b": [1, None]}, 60)

    assert cache.get("a") == {"b": [1, None]}
    assert cache.read("a") == b'{"b": [1, null]}'


class Bomb:
    """Whoever unpickles it makes a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self._file,)


def test_nothing_is_run_of_what_others_have_written(cache: LeasingCache, tmp_path: Path) -> None:
    lease = cache.lease("a", 60)
    assert lease
    cache.put("a", pickle.dumps(Bomb(tmp_path / "exploded")), seconds=60, lease=lease)

    with pytest.raises(UnicodeDecodeError):
        cache.get("a")
    assert not (tmp_path / "exploded").exists()


def test_a_value_and_its_lease_lie_on_one_node_of_a_cluster() -> None:
    assert redis.placed("key", "shop:cache", 1) == "shop:cache:{key}"


def test_who_hangs_is_asked_once(configured: Settings) -> None:
    retry = redis.caches(configured)["default"]["OPTIONS"]["retry"]
    calls = 0

    def hang() -> None:
        nonlocal calls
        calls += 1
        raise TimeoutError

    with pytest.raises(TimeoutError):
        retry.call_with_retry(hang, lambda _error: None)
    assert calls == 1
