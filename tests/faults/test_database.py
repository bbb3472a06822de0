"""Databases that are slow, full, restarted or not there."""

import re
import sqlite3
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from tests import servers
from tests.contract.client import new_email, new_password, problem
from tests.project import StepFailed, free_port
from tests.servers import Server

from .service import EMAIL, PASSWORD, Answer, Instance, Load, project, readers, running, wait_until, with_admin, writer

CACHES = {"sqlite": "memory", "postgresql": "redis", "mongodb": "memory"}
POOL = 20 + 30
POOL_SECONDS = 2.0
SETTINGS = {"DATABASE_POOL_TIMEOUT_SECONDS": str(POOL_SECONDS), "SLOW_QUERY_MILLISECONDS": "0"}
HELD_SECONDS = 0.3
PROBE_SECONDS = 3.5  # How long /readyz may take: its own patience, and what a busy machine takes.

UNAVAILABLE = "urn:problem-type:unavailable"


@dataclass(frozen=True)
class Target:
    """A service, and the database that it works on."""

    instance: Instance
    url: str
    server: Server | None

    @property
    def owned(self) -> Server:
        assert self.server is not None
        return self.server


@contextmanager
def started(framework: str, database: str, folder: Path) -> Generator[Target]:
    with ExitStack() as stack:
        server = stack.enter_context(servers.fresh(database)) if database != "sqlite" else None
        url = server.url if server else f"sqlite:///{folder}/service.db"
        settings = SETTINGS | {"DATABASE_URL": url}
        if CACHES[database] == "redis":
            settings["REDIS_URL"] = stack.enter_context(servers.fresh("redis")).url
        made = with_admin(project(framework, database, CACHES[database], **settings))
        yield Target(stack.enter_context(running(made)), url, server)


@pytest.fixture(scope="module")
def sqlite(framework: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with started(framework, "sqlite", tmp_path_factory.mktemp("sqlite")) as target:
        yield target


@pytest.fixture(scope="module")
def postgresql(framework: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with started(framework, "postgresql", tmp_path_factory.mktemp("postgresql")) as target:
        yield target


@pytest.fixture(scope="module")
def mongodb(framework: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with started(framework, "mongodb", tmp_path_factory.mktemp("mongodb")) as target:
        yield target


@pytest.fixture(params=CACHES)
def target(request: pytest.FixtureRequest, framework: str) -> Target:  # noqa: ARG001 Or else none would be chosen.
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Target)
    return found


@contextmanager
def held(target: Target) -> Generator[None]:
    """Keeps everybody else from writing, as long as the block lasts; on PostgreSQL from reading too."""
    match target.url.partition(":")[0]:
        case "postgresql":
            with psycopg.connect(target.url) as connection:
                connection.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
                yield
        case "sqlite":
            with closing(sqlite3.connect(target.url.removeprefix("sqlite:///"), autocommit=True)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield
        case _:
            target.owned.pause()
            try:
                yield
            finally:
                target.owned.resume()


# ---------------------------------------------------------------------------------------------- slow statements


def test_a_slow_statement_is_told_with_its_duration_and_its_request(target: Target) -> None:
    person, session = target.instance.people.sign_up()
    headers = {"X-Request-ID": "held-up"}
    with ThreadPoolExecutor() as threads:
        with held(target):
            answer = threads.submit(session.caller.patch, person.path, json={"name": "Held Up"}, headers=headers)
            time.sleep(HELD_SECONDS)
        assert answer.result().status_code == 200

    lines = [line for line in target.instance.log() if line["event"] == "slow query"]
    slowest = max((line for line in lines if line.get("request_id") == "held-up"), key=lambda line: line["duration_ms"])
    assert HELD_SECONDS * 1000 - 50 < slowest["duration_ms"] < 5000
    # Who begins as a writer waits for that.
    assert "users" in slowest["statement"] or slowest["statement"].startswith("BEGIN")
    assert slowest["level"] == "warning"


def test_no_value_of_a_request_is_told_with_its_statements(target: Target) -> None:
    people, email, password = target.instance.people, new_email("secretive"), new_password()
    headers = {"X-Request-ID": "secretive", "Idempotency-Key": "key-of-secretive"}
    body = {"email": email, "name": "Secretive Name", "password": password}
    user = people.admin.post("/v1/users", json=body, headers=headers).json()
    path = f"/v1/users/{user['id']}"
    changes = {"email": f"new-{email}", "name": "Secretive Too", "role": "admin", "password": f"new-{password}"}
    assert people.admin.get(path, headers=headers).status_code == 200
    assert people.admin.get("/v1/users", params={"limit": 1}, headers=headers).status_code == 200
    assert people.admin.patch(path, json=changes, headers=headers).status_code == 200
    form = {"username": changes["email"], "password": changes["password"]}
    tokens = people.anyone.post("/v1/auth/token", data=form, headers=headers).json()
    session = {"refresh_token": tokens["refresh_token"]}
    pair = people.anyone.post("/v1/auth/refresh", json=session, headers=headers).json()
    people.anyone.post("/v1/auth/logout", json={"refresh_token": pair["refresh_token"]}, headers=headers)
    assert people.admin.delete(path, headers=headers).status_code == 204

    told = [line for line in target.instance.log() if line.get("request_id") == "secretive"]
    statements = [line["statement"] for line in told if line["event"] == "slow query"]
    for words in ("insert", "select|find|aggregate", "update", "delete", "sessions"):
        assert any(re.search(words, statement, re.IGNORECASE) for statement in statements), words
    parts = [part for token in (tokens["refresh_token"], pair["refresh_token"]) for part in token.split(".")]
    values = ["secretive", user["id"], user["id"].replace("-", ""), password, "$2b$", "'admin'", *parts]
    for statement in statements:
        assert [value for value in values if value.lower() in statement.lower()] == []


# ---------------------------------------------------------------------------------------------- the pool


def test_who_finds_all_connections_in_use_waits_and_is_told(postgresql: Target) -> None:
    instance, people = postgresql.instance, postgresql.instance.people
    people.admin.get("/v1/users/me")
    with ThreadPoolExecutor(POOL) as threads:
        with held(postgresql):
            under_way = [threads.submit(people.admin.get, "/v1/users/me") for _ in range(POOL)]
            wait_until(lambda: instance.metric("db_pool_connections", state="in_use") == POOL, "all are in use")
            wait_until(lambda: connections(postgresql) == POOL, "the last one is connected")

            began = time.monotonic()
            refused = instance.http.get("/v1/users/me", headers=authorization(instance))
            seconds = time.monotonic() - began
        assert {answer.result().status_code for answer in under_way} == {200}

    assert problem(refused, 503, "unavailable")["detail"] == "All connections to the database are in use."
    assert refused.headers["Retry-After"]
    assert POOL_SECONDS - 0.1 < seconds < POOL_SECONDS + 1.5
    assert people.admin.get("/v1/users/me").status_code == 200
    # The relay looks for events now and then, and has one for that moment.
    wait_until(lambda: instance.metric("db_pool_connections", state="in_use") == 0, "none is in use")
    wait_until(lambda: connections(postgresql) == instance.metric("db_pool_connections", state="idle") == 20, "20 stay")


def test_connections_that_the_server_has_ended_are_not_used(postgresql: Target) -> None:
    people = postgresql.instance.people
    with ThreadPoolExecutor(10) as threads:
        with held(postgresql):  # Whoever is quick would need few of them.
            under_way = [threads.submit(people.admin.get, "/v1/users/me") for _ in range(10)]
            wait_until(lambda: connections(postgresql) >= 10, "all are connected")
        assert {answer.result().status_code for answer in under_way} == {200}
    assert connections(postgresql) >= 5
    query(postgresql, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {OURS}")
    wait_until(lambda: connections(postgresql) == 0, "all connections have ended")

    answers = people.admin.at_once(10, lambda _: people.admin.get("/v1/users/me"))
    assert {answer.status_code for answer in answers} == {200}


OURS = "WHERE application_name <> ''"  # The service gives its name; the tests do not.


def query(target: Target, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(target.url, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


def connections(target: Target) -> int:
    return len(query(target, f"SELECT pid FROM pg_stat_activity {OURS}"))


def authorization(instance: Instance) -> dict[str, str]:
    return {"Authorization": f"Bearer {instance.people.admin.access_token}"}


# ---------------------------------------------------------------------------------------------- restarts


@pytest.mark.parametrize("harm", [Server.stop, Server.kill])
def test_postgresql_may_be_restarted_under_load(postgresql: Target, harm: Callable[[Server], None]) -> None:
    answers = restart_under_load(postgresql, harm)
    assert max(answer.seconds for answer in answers) < PROBE_SECONDS


def test_mongodb_may_be_restarted_under_load(mongodb: Target) -> None:
    restart_under_load(mongodb, Server.kill)


def restart_under_load(target: Target, harm: Callable[[Server], None]) -> list[Answer]:
    instance, server = target.instance, target.owned
    read, written = (instance.people.create() for _ in range(2))
    calls = [*readers(instance, [read.path, "/v1/users", "/v1/users/me"], 5), writer(instance, written.path)]
    with Load(instance, calls) as load:
        wait_until(lambda: len(load.answers) > 50, "the service is under load")
        harmed = time.monotonic()
        harm(server)
        began = time.monotonic()
        assert instance.health() == (503, {"cache": "up", "database": "down", "broker": "up"})
        assert time.monotonic() - began < PROBE_SECONDS
        wait_until(lambda: any(answer.status == 503 for answer in load.answers), "somebody is told")
        server.start()
        back = time.monotonic()
        wait_until(lambda: len(load.since(back)) > 100, "it works again")
        assert instance.health() == (200, {"cache": "up", "database": "up", "broker": "up"})

    assert [line for line in instance.log() if line["event"] == "unhandled error"] == []
    assert {answer.status for answer in load.answers if answer.ended < harmed} == {200}
    failed = [answer for answer in load.answers if answer.status != 200]
    assert {(answer.status, answer.problem) for answer in failed} == {(503, UNAVAILABLE)}
    assert all(answer.patience for answer in failed)
    assert {answer.status for answer in load.since(back)} == {200}
    return load.answers


@pytest.mark.parametrize("target", ["postgresql", "mongodb"], indirect=True)
def test_readiness_tells_of_a_database_that_hangs(target: Target) -> None:
    target.owned.pause()
    began = time.monotonic()
    try:
        assert target.instance.health() == (503, {"cache": "up", "database": "down", "broker": "up"})
        assert time.monotonic() - began < PROBE_SECONDS
    finally:
        target.owned.resume()
    assert target.instance.health() == (200, {"cache": "up", "database": "up", "broker": "up"})


# ---------------------------------------------------------------------------------------------- verbs


def nowhere(database: str) -> str:
    """An address where no database of this kind can be."""
    if database == "sqlite":
        return "sqlite:////dev/null/service.db"
    return f"{database}://ann:secret-word@127.0.0.1:{free_port()}/app"


def refusal(verb: Callable[[], str]) -> str:
    """What a verb says that ends with 2, as make itself then does too."""
    with pytest.raises(StepFailed, match=r"ended with 2:(.|\n)*Error 2$") as failed:
        verb()
    said = str(failed.value)
    assert "Traceback" not in said
    assert "secret-word" not in said
    return said


@pytest.mark.parametrize("database", CACHES)
def test_without_a_database_verbs_say_so(framework: str, database: str) -> None:
    made = project(framework, database, CACHES[database], DATABASE_URL=nowhere(database))

    def serve() -> None:
        with made.running(ready="/livez") as url:
            answer = httpx.get(f"{url}/readyz", timeout=10)
            assert answer.status_code == 503
            assert answer.json()["dependencies"]["database"]["status"] == "down"

    with ThreadPoolExecutor() as threads:
        migrate = threads.submit(refusal, lambda: made.make("migrate"))
        admin = threads.submit(refusal, lambda: made.make("admin", f"EMAIL={EMAIL}", ADMIN_PASSWORD=PASSWORD))
        served = threads.submit(serve)
    for said in (migrate.result(), admin.result()):
        assert "The database does not answer." in said
        assert "Check DATABASE_URL" in said
    served.result()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("{server}/missing", 'database "missing" does not exist'),
        ("postgresql://postgres:secret-word@{host}/postgres", "password authentication failed"),
        ("postgresql://postgres:secret-word@127.0.0.1:secret-word/postgres", "DATABASE_URL: cannot be read"),
        ("{server}/postgres?colour=blue", '"colour"'),
    ],
)
def test_what_is_wrong_with_an_address_is_told(postgresql: Target, url: str, told: str) -> None:
    server = postgresql.url.removesuffix("/postgres")
    made = postgresql.instance.project
    url = url.format(server=server, host=server.rpartition("@")[2])
    assert told in refusal(lambda: made.make("migrate", DATABASE_URL=url))


@pytest.mark.parametrize("verb", ["migrate", "run"])
def test_an_address_of_mongodb_that_cannot_be_read_is_told(framework: str, verb: str) -> None:
    made = project(framework, "mongodb", "memory", DATABASE_URL="mongodb://ann:secret-word@127.0.0.1:secret-word/app")
    assert "DATABASE_URL: cannot be read" in refusal(lambda: made.make(verb))


def test_instances_may_migrate_at_the_same_time(postgresql: Target) -> None:
    with psycopg.connect(postgresql.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty")
    url = f"{postgresql.url.removesuffix('/postgres')}/empty"
    waiting = "SELECT pid FROM pg_stat_activity WHERE datname = 'empty' AND wait_event_type = 'Lock'"
    with ThreadPoolExecutor() as threads, psycopg.connect(url) as connection:
        # Until all have come as far as they can, nobody makes a table.
        connection.execute("LOCK TABLE pg_class IN SHARE MODE")
        migrations = [threads.submit(postgresql.instance.project.make, "migrate", DATABASE_URL=url) for _ in range(2)]
        wait_until(lambda: len(query(postgresql, waiting)) == 2, "both wait")
        connection.rollback()
    assert all(each.result().endswith("The database is at the newest revision.\n") for each in migrations)
