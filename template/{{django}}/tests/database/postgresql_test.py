"""What only PostgreSQL has: a pool of connections."""

import asyncio
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from config.database.postgresql import databases
from config.database.postgresql.base import DatabaseWrapper
from config.database.postgresql.pool import Pool
from service.platform.metrics import Metrics
from service.platform.threads import in_thread
from service.settings import Settings, SettingsError
from tests.people import Person
from tests.serving import serving

LONG = 60
SHORT = 0.1


@contextmanager
def pool(*, kept: int, max_size: int, timeout: float = LONG, **parameters: Any) -> Generator[Pool]:  # noqa: ANN401
    found = Pool(
        kept=kept,
        max_size=max_size,
        timeout=timeout,
        reconnect_timeout=0,
        check=Pool.check_connection,
        kwargs=connection.get_connection_params() | {"autocommit": True} | parameters,
    )
    with found:
        yield found


def borrow(found: Pool, count: int) -> list[int]:
    """Has some connections at the same time, and gives them back; says which."""
    connections = [found.getconn() for _ in range(count)]
    pids = [each.info.backend_pid for each in connections]
    for each in connections:
        found.putconn(each)
    return pids


@pytest.mark.django_db
def test_connections_are_opened_when_needed_and_some_are_kept() -> None:
    with pool(kept=2, max_size=5) as found:
        assert found.get_stats()["pool_size"] == 0
        assert len(set(borrow(found, 4))) == 4
        assert found.get_stats()["pool_size"] == found.get_stats()["pool_available"] == 2


@pytest.mark.django_db
def test_connections_are_counted() -> None:
    metrics = Metrics()
    with pool(kept=2, max_size=2) as found:
        found.count(metrics)
        borrow(found, 2)
        with found.connection():
            told = metrics.render().decode()
    assert 'db_pool_connections{state="idle"} 1.0' in told
    assert 'db_pool_connections{state="in_use"} 1.0' in told


@pytest.mark.django_db
def test_connections_that_the_server_has_ended_are_not_used() -> None:
    with pool(kept=9, max_size=9, timeout=10) as found:
        ended = borrow(found, 9)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(%s)", [ended])
        assert set(borrow(found, 9)).isdisjoint(ended)


@pytest.mark.django_db
def test_who_asks_while_the_server_is_away_is_told_at_once() -> None:
    with pool(kept=1, max_size=1, port=1) as found, pytest.raises(OperationalError) as refused:
        found.getconn()
    assert not isinstance(refused.value, PoolTimeout)


@pytest.mark.django_db(transaction=True)
def test_who_finds_all_connections_in_use_is_told(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    with pool(kept=1, max_size=1, timeout=SHORT) as found, ThreadPoolExecutor(1) as other:
        monkeypatch.setattr(DatabaseWrapper, "_connection_pools", {"default": found})
        with found.connection():
            answer = other.submit(ann.call, "GET", "/v1/users/me").result()
        assert (answer.status, answer.problem) == (503, "unavailable")
        assert answer.json()["detail"] == "All connections to the database are in use."
        assert other.submit(ann.call, "GET", "/v1/users/me").result().status == 200


def await_session(query: str) -> list[int]:
    """The processes of the server that a query finds, as soon as there is one."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(query)
            if found := [pid for (pid,) in cursor.fetchall()]:
                return found
            time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
async def test_a_request_that_waits_for_the_database_does_not_hold_up_the_end(
    environment: dict[str, str], free_tcp_port: int, tmp_path: Path, ann: Person
) -> None:
    def stopped_while_it_waits() -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            asyncio.run_coroutine_threadsafe(http.get("/v1/users/me", headers=token), loop)
            [pid] = await_session("SELECT pid FROM pg_locks WHERE relation = 'users'::regclass AND NOT granted")
            code = process.stop()
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])  # It has nobody to answer any more.
            return code

    loop = asyncio.get_running_loop()
    token = {"Authorization": f"Bearer {ann.tokens.access_token}"}
    async with serving(environment | {"SHUTDOWN_SECONDS": "1"}, free_tcp_port, tmp_path) as (process, http):
        assert await in_thread(stopped_while_it_waits) == 0


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://ann:a-secret@127.0.0.1:a-secret/app", "cannot be read"),
        ("postgresql://ann:a-secret@127.0.0.1/app?colour=blue", "colour"),
    ],
)
def test_an_address_that_is_wrong_is_told(configured: Settings, url: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refused:
        databases(configured.model_copy(update={"database_url": url}))
    assert "a-secret" not in str(refused.value)


def test_an_address_has_its_parts(configured: Settings) -> None:
    url = "postgresql://ann%40home:a%2Fb@[::1]:6432/the%20app?sslmode=require"
    found = databases(configured.model_copy(update={"database_url": url}))["default"]
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "ann@home",
        "a/b",
        "::1",
        6432,
        "the app",
    )
    assert found["OPTIONS"]["sslmode"] == "require"
