"""A cache that dies, hangs, comes back and holds rubbish: nobody who calls the service notices."""

import json
import pickle
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from tests import servers
from tests.contract.client import Person
from tests.servers import Server

from .service import Instance, Load, project, readers, running, wait_until, with_admin, writer

CACHE_SECONDS = 1.5
SLOWEST = CACHE_SECONDS + 1.3  # Less than twice, and patient with a busy machine.


@dataclass(frozen=True)
class Harm:
    """Something that happens to Redis, and how it ends."""

    begin: Callable[[Server], None]
    end: Callable[[Server], None]


HARMS = {"dead": Harm(Server.kill, Server.start), "hanging": Harm(Server.pause, Server.resume)}


@dataclass(frozen=True)
class Target:
    instance: Instance
    server: Server

    @property
    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.server.url, decode_responses=True, encoding_errors="backslashreplace")

    def values(self) -> dict[str, str]:
        """What the cache holds of users."""
        with self.redis as client:
            keys = [str(key) for key in client.scan_iter()]
            return {key: str(client.get(key)) for key in keys if not key.endswith(":lease")}

    def holds(self, text: str) -> bool:
        return any(text in value for value in self.values().values())


@pytest.fixture(scope="module")
def target(framework: str) -> Iterator[Target]:
    with ExitStack() as stack:
        postgresql, cache = (stack.enter_context(servers.fresh(name)) for name in ("postgresql", "redis"))
        settings = {"DATABASE_URL": postgresql.url, "REDIS_URL": cache.url, "CACHE_TIMEOUT_SECONDS": str(CACHE_SECONDS)}
        made = with_admin(project(framework, "postgresql", "redis", **settings))
        yield Target(stack.enter_context(running(made)), cache)


@pytest.fixture(params=HARMS)
def harm(request: pytest.FixtureRequest) -> Harm:
    return HARMS[request.param]


def read_until_it_is_a_hit(instance: Instance, person: Person) -> None:
    """A cache that has failed is left alone for a moment."""

    def is_a_hit() -> bool:
        hits = instance.hits
        instance.people.admin.get(person.path)
        return instance.hits > hits

    wait_until(is_a_hit, "a user is answered from the cache")


def test_without_its_cache_the_service_works_on(target: Target, harm: Harm) -> None:
    instance, server = target.instance, target.server
    people = [instance.people.create() for _ in range(4)]
    calls = [*readers(instance, [person.path for person in people], 6), writer(instance, people[0].path)]
    with Load(instance, calls) as load:
        wait_until(lambda: instance.hits > 50, "the cache is in use")
        harm.begin(server)
        harmed = time.monotonic()
        assert instance.health() == (200, {"database": "up", "cache": "down", "broker": "up"})
        wait_until(lambda: time.monotonic() > harmed + CACHE_SECONDS + 2, "the cache was left alone, and tried again")
        assert len(load.since(harmed)) > 50
        hits = instance.hits
        harm.end(server)
        wait_until(lambda: instance.hits > hits + 50, "the cache is in use again")
        assert instance.health() == (200, {"database": "up", "cache": "up", "broker": "up"})

    assert {answer.status for answer in load.answers} == {200}
    assert load.slowest < SLOWEST
    assert instance.metric("cache_requests_total", result="unavailable") > 0


def test_what_was_changed_without_the_cache_is_not_answered_as_it_was(target: Target, harm: Harm) -> None:
    instance, people = target.instance, target.instance.people
    person, gone = people.create(name="As it was"), people.create(name="As it was")
    for each in (person, gone):
        read_until_it_is_a_hit(instance, each)
    assert target.holds(person.id)

    harm.begin(target.server)
    assert people.admin.patch(person.path, json={"name": "As it is"}).status_code == 200
    assert people.admin.delete(gone.path).status_code == 204
    assert people.admin.get(person.path).json()["name"] == "As it is"
    harm.end(target.server)

    hits = instance.hits
    wait_until(
        lambda: (
            _is_new(people.admin.get(person.path).json()["name"], people.admin.get(gone.path).status_code)
            and instance.hits > hits + 5
        ),
        "users are answered from the cache again",
    )
    assert not target.holds("As it was")
    assert target.holds("As it is")


def _is_new(name: str, status: int) -> bool:
    assert (name, status) == ("As it is", 404)
    return True


class Bomb:
    """Whoever unpickles it makes a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self._file,)


def test_what_the_cache_holds_is_json_and_rubbish_in_it_does_no_harm(target: Target, tmp_path: Path) -> None:
    instance, people = target.instance, target.instance.people
    person = people.create()
    bombs = [pickle.dumps(Bomb(tmp_path / "exploded"), protocol) for protocol in (0, 2, 5)]
    for rubbish in [*bombs, b"", b"\x00\xff", b"{", b"[]", b'{"id": 1}', secrets.token_bytes(5000)]:
        with target.redis as client:
            client.flushdb()
            read_until_it_is_a_hit(instance, person)
            [(key, value)] = target.values().items()
            assert json.loads(value)["email"] == person.email
            assert 0 < client.pttl(key) <= 60_000
            client.set(key, rubbish)
            assert people.admin.get(person.path).json()["email"] == person.email
            read_until_it_is_a_hit(instance, person)
            assert target.values()[key] == value
    assert not (tmp_path / "exploded").exists()


def test_a_key_of_another_type_does_no_harm(target: Target) -> None:
    person, admin = target.instance.people.create(), target.instance.people.admin
    read_until_it_is_a_hit(target.instance, person)
    with target.redis as client:
        for key in target.values():
            client.delete(key)
            client.rpush(key, "of another type")
        assert admin.get(person.path).json()["email"] == person.email
        client.flushdb()
