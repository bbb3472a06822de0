import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, override

import aiokafka
import httpx
import psycopg
import pymongo
import pytest
import redis

from tests import servers
from tests.servers import install, keeper, rabbitmq
from tests.servers.redis import Redis
from tests.servers.server import exchange, listens

ROOT = Path(__file__).parents[2]
NAMES = ("postgresql", "mongodb", "redis", "rabbitmq", "kafka")


# How to write a word to each of them over the wire, and to read all words; `name` is where.


def write_postgresql(environment: Mapping[str, str], name: str, word: str) -> None:
    with psycopg.connect(environment["POSTGRES_URL"]) as connection:
        connection.execute("create table if not exists words (place text, word text)")
        connection.execute("insert into words values (%s, %s)", (name, word))


def read_postgresql(environment: Mapping[str, str], name: str) -> list[str]:
    with psycopg.connect(environment["POSTGRES_URL"]) as connection:
        connection.execute("create table if not exists words (place text, word text)")
        return [row[0] for row in connection.execute("select word from words where place = %s", (name,))]


def write_mongodb(environment: Mapping[str, str], name: str, word: str) -> None:
    with pymongo.MongoClient[dict[str, Any]](environment["MONGODB_URL"]) as client:
        client.get_default_database("words")[name].insert_one({"word": word})
    time.sleep(0.2)  # It may lose the last moments before kill -9.


def read_mongodb(environment: Mapping[str, str], name: str) -> list[str]:
    with pymongo.MongoClient[dict[str, Any]](environment["MONGODB_URL"]) as client:
        return [document["word"] for document in client.get_default_database("words")[name].find()]


def write_redis(environment: Mapping[str, str], name: str, word: str) -> None:
    with redis.Redis.from_url(environment["REDIS_URL"]) as client:
        client.rpush(name, word)


def read_redis(environment: Mapping[str, str], name: str) -> list[str]:
    with redis.Redis.from_url(environment["REDIS_URL"], decode_responses=True) as client:
        return [str(word) for word in client.lrange(name, 0, -1)]


@contextlib.contextmanager
def queue(environment: Mapping[str, str], name: str) -> Generator[tuple[httpx.Client, str]]:
    host = environment["RABBITMQ_URL"].rpartition("/")[2]
    with rabbitmq.management(environment) as api:
        api.put(f"/api/queues/{host}/{name}", json={"durable": True}).raise_for_status()
        yield api, host


def write_rabbitmq(environment: Mapping[str, str], name: str, word: str) -> None:
    message = {"properties": {"delivery_mode": 2}, "routing_key": name, "payload": word, "payload_encoding": "string"}
    with queue(environment, name) as (api, host):
        assert api.post(f"/api/exchanges/{host}/amq.default/publish", json=message).json() == {"routed": True}


def read_rabbitmq(environment: Mapping[str, str], name: str) -> list[str]:
    take = {"count": 10, "ackmode": "ack_requeue_true", "encoding": "auto"}
    with queue(environment, name) as (api, host):
        return [message["payload"] for message in api.post(f"/api/queues/{host}/{name}/get", json=take).json()]


def write_kafka(environment: Mapping[str, str], name: str, word: str) -> None:
    async def write() -> None:
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=environment["KAFKA_URL"]) as producer:
            await producer.send_and_wait(name, word.encode(), partition=0)

    asyncio.run(write())


def read_kafka(environment: Mapping[str, str], name: str) -> list[str]:
    async def read() -> list[str]:
        topic = aiokafka.TopicPartition(name, 0)
        server = environment["KAFKA_URL"]
        async with (
            asyncio.timeout(20),
            aiokafka.AIOKafkaConsumer(bootstrap_servers=server, auto_offset_reset="earliest") as consumer,
        ):
            consumer.assign([topic])
            end = (await consumer.end_offsets([topic]))[topic]
            return [str((await consumer.getone()).value or b"", "ascii") for _ in range(end)]

    return asyncio.run(read())


WRITE: dict[str, Callable[[Mapping[str, str], str, str], None]] = {
    "postgresql": write_postgresql,
    "mongodb": write_mongodb,
    "redis": write_redis,
    "rabbitmq": write_rabbitmq,
    "kafka": write_kafka,
}
READ: dict[str, Callable[[Mapping[str, str], str], list[str]]] = {
    "postgresql": read_postgresql,
    "mongodb": read_mongodb,
    "redis": read_redis,
    "rabbitmq": read_rabbitmq,
    "kafka": read_kafka,
}


# Data


def test_a_restart_and_a_kill_keep_the_data() -> None:
    def live(name: str) -> list[str]:
        server = run.start(name)[name]
        WRITE[name](server.environment, "words", "before a restart")
        server.restart()
        WRITE[name](server.environment, "words", "before a kill")
        server.kill()
        assert not server.running
        assert not listens(server.port)
        server.start()
        return READ[name](server.environment, "words")

    with servers.Run() as run, ThreadPoolExecutor() as pool:  # One after the other, they would take their time.
        lives = {name: pool.submit(live, name) for name in NAMES}
        words = {name: life.result() for name, life in lives.items()}

    assert words == {name: ["before a restart", "before a kill"] for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_spaces_are_apart(space: Callable[[str], servers.Space], name: str) -> None:
    one, other = space(name), space(name)
    shared = servers.shared(name)
    variable = servers.KINDS[name].variable

    WRITE[name]({**shared, variable: one.url}, _place(name, one), "mine")

    assert READ[name]({**shared, variable: one.url}, _place(name, one)) == ["mine"]
    if name != "kafka":  # Reading would make the topic.
        assert READ[name]({**shared, variable: other.url}, _place(name, other)) == []
    assert one.name != other.name


def _place(name: str, space: servers.Space) -> str:
    return f"{space.name}.words" if name == "kafka" else "words"


def test_a_space_is_removed_afterwards() -> None:
    with servers.space("postgresql") as mine:
        psycopg.connect(mine.url).close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(mine.url)


# Faults


def test_a_paused_server_holds_connections_and_answers_nobody() -> None:
    with (
        servers.fresh("redis") as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=0.3) as open_one,
    ):
        server.pause()
        open_one.sendall(b"PING\r\n")
        with pytest.raises(TimeoutError):
            open_one.recv(5)

        server.resume()
        open_one.settimeout(10)
        assert open_one.recv(5) == b"+PONG"


def test_a_paused_server_can_be_stopped() -> None:
    with servers.fresh("redis") as server:
        server.pause()
        server.stop()
        assert not server.running


def test_a_fresh_server_is_private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    with servers.fresh("redis") as one, servers.fresh("redis") as other:
        one.kill()
        assert exchange(other.port, b"PING\r\n", 5) == b"+PONG"


# Nothing stays behind


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a shell of its own: no run to join, no URL given."""
    for variable in (servers.RUN, *(kind.variable for kind in servers.KINDS.values())):
        monkeypatch.delenv(variable, raising=False)


@contextlib.contextmanager
def owner(*command: str) -> Generator[subprocess.Popen[str]]:
    """A process that owns servers, in a group of its own, as a shell would start it."""
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def assert_all_end(pids: set[int], folder: Path) -> None:
    deadline = time.monotonic() + 30
    while alive := {pid for pid in pids if _alive(pid)}:
        assert time.monotonic() < deadline, [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in alive]
        time.sleep(0.05)
    while folder.exists():
        assert time.monotonic() < deadline, list(folder.iterdir())
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("number", "names"),
    [
        (signal.SIGINT, ("postgresql", "redis")),
        (signal.SIGTERM, ("redis",)),
        (signal.SIGKILL, ("postgresql", "mongodb", "rabbitmq")),
    ],
)
def test_nothing_outlives_a_signal(number: signal.Signals, names: tuple[str, ...]) -> None:
    with owner("tests.servers", *names) as process:
        assert process.stderr
        for line in process.stderr:
            if ready := re.search("logs in ([^;]+)", line):
                break
        else:
            pytest.fail("it did not start")
        started = keeper.descendants(process.pid)
        assert len(started) >= 2 * len(names)

        os.killpg(process.pid, number)  # A terminal's Ctrl-C goes to the whole group.

        assert process.wait(30) == (0 if number != signal.SIGKILL else -signal.SIGKILL)
        assert_all_end(started, Path(ready[1]))


@pytest.mark.usefixtures("environment")
def test_all_workers_share_what_the_main_process_owns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test_inner.py").write_text(
        "import os, pathlib, time, pytest\n"
        "from tests import servers\n"
        "@pytest.mark.parametrize('number', range(2))\n"
        "def test_it(number, space):\n"
        "    space('redis')\n"
        "    note = pathlib.Path(__file__).with_name(f'{number}.part')\n"
        "    note.write_text(f'{os.getpid()} {os.environ[servers.RUN]} {servers.shared(\"redis\")}')\n"
        "    note.rename(note.with_suffix('.note'))\n"
        "    time.sleep(60)\n"
    )
    notes = [tmp_path / "0.note", tmp_path / "1.note"]
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    options = ("-p", "xdist", "-p", "tests.servers.plugin", "-p", "no:cacheprovider", "-n", "2", "-c", "pyproject.toml")
    with owner("pytest", *options, str(tmp_path / "test_inner.py")) as process:
        deadline = time.monotonic() + 60
        while not all(note.exists() for note in notes):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (worker, folder, url), (other_worker, *same) = (note.read_text().split(maxsplit=2) for note in notes)
        assert worker != other_worker
        assert [folder, url] == same
        started = keeper.descendants(process.pid)

        process.kill()

        assert_all_end(started, Path(folder))


@pytest.mark.usefixtures("environment")
def test_the_folder_of_a_killed_run_is_swept_up_by_the_next() -> None:
    program = "from tests import servers; run = servers.Run(); print(run.folder, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        folder = Path(process.stdout.readline().strip())
        with servers.Run():
            assert folder.exists()
        process.kill()
    with servers.Run():
        assert not folder.exists()


# What is missing


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without anything, and without the right to change that."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.mark.usefixtures("bare", "environment")
@pytest.mark.parametrize(
    ("name", "command", "remedy"),
    [
        ("redis", "redis-server", "sudo apt-get install redis-server"),
        ("postgresql", "mvn", "sudo apt-get install maven"),
        ("mongodb", "java", "sudo apt-get install default-jdk-headless"),
        ("kafka", "java", "sudo apt-get install default-jdk-headless"),
        ("consul", "go", "https://go.dev/dl/"),
    ],
)
def test_a_missing_program_is_named_with_its_remedy(name: str, command: str, remedy: str) -> None:
    with (
        servers.Run() as run,
        pytest.raises(servers.ServerError, match=rf"{command} is missing.* Install it .*{remedy}"),
    ):
        run.environment(name)


def test_a_server_that_does_not_start_shows_its_log() -> None:
    class Wrong(Redis):
        @override
        def command(self) -> list[str | Path]:
            return [*super().command(), "--no-such-setting", "1"]

    with (
        servers.Run() as run,
        pytest.raises(servers.ServerError, match=r"redis stopped while starting(.|\n)*Bad directive"),
    ):
        Wrong(run.folder).start()


def test_the_others_stay_when_one_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with servers.Run() as run:
        url = run.environment("redis")["REDIS_URL"]
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        for _ in range(2):
            with pytest.raises(servers.ServerError, match="java is missing"):
                run.environment("kafka")
        with redis.Redis.from_url(url) as client:
            assert client.ping()


def test_a_url_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_URL", "kafka.example.org:9092")
    with servers.Run() as run:
        assert run.environment("kafka") == {"KAFKA_URL": "kafka.example.org:9092"}
        assert not keeper.descendants(os.getpid()) & _keepers(run.folder)


def _keepers(folder: Path) -> set[int]:
    def words(process: Path) -> Sequence[bytes]:
        try:
            return (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return ()

    return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if str(folder).encode() in words(entry)}


# Installing


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "bedplate"


def test_an_interrupted_install_begins_anew(empty_cache: Path) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install.cached("thing-1", interrupted)
    assert not (empty_cache / "thing-1").exists()

    whole = install.cached("thing-1", lambda folder: (folder / "whole").touch())
    assert [file.name for file in whole.iterdir()] == ["whole"]
    assert sorted(file.name for file in empty_cache.iterdir()) == ["thing-1", "thing-1.lock"]


@pytest.mark.usefixtures("empty_cache")
def test_parallel_runs_install_once() -> None:
    built = threading.Event()

    def build(_: Path) -> None:
        assert not built.is_set()
        time.sleep(0.1)
        built.set()

    with ThreadPoolExecutor() as pool:
        homes = [pool.submit(install.cached, "thing-1", build) for _ in range(4)]
    assert len({home.result() for home in homes}) == 1
