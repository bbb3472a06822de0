"""Real servers for the tests, on loopback and free ports, without containers.

    def test_something(space):                       # A fixture, see plugin.py.
        database, broker = space("postgresql"), space("kafka")
        run_service(DATABASE_URL=database.url, BROKER_URL=broker.url, TOPIC_PREFIX=broker.name)

    def test_redis_dies():
        with servers.fresh("redis") as redis:        # One of its own, to harm: stop, kill, restart, pause, resume.
            redis.kill()

A run of the tests has one server of each kind, which is started when a test first asks for it, and is shared by all
workers of pytest-xdist. Where the environment names one (POSTGRES_URL, REDIS_URL, …), that one is used instead; only
`fresh` always starts its own. `python -m tests.servers` starts them for people.
"""

import atexit
import contextlib
import fcntl
import functools
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Self

from tests.servers.consul import Consul
from tests.servers.install import ServerError, lock
from tests.servers.kafka import Kafka
from tests.servers.mongodb import MongoDB
from tests.servers.postgresql import PostgreSQL
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.redis import Redis
from tests.servers.server import Server

__all__ = ["KINDS", "Run", "Server", "ServerError", "Space", "fresh", "shared", "space"]

KINDS: dict[str, type[Server]] = {kind.name: kind for kind in (PostgreSQL, MongoDB, Redis, RabbitMQ, Kafka, Consul)}
RUN = "BEDPLATE_SERVERS_RUN"  # The folder of the run that this process takes part in.
PREFIX = "bedplate-servers-"
PATIENCE = 20.0  # Seconds that all keepers have to end their servers.


class Run:
    """A set of servers that lives as long as its owner, and not a second longer (see keeper.py).

    The process that makes a run owns it; others join it by its folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._owner: int | None = None  # The file that the owner keeps locked.
        self.folder = folder or Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        self._servers: list[Server] = []
        if folder is None:
            _remove_abandoned()
            (self.folder / "keepers").touch()
            new = self.folder / "new"
            self._owner = os.open(new, os.O_RDWR | os.O_CREAT)
            fcntl.flock(self._owner, fcntl.LOCK_EX)
            new.rename(self.folder / "owner")
            # A forked child would hold the lock as well, perhaps for longer.
            os.register_at_fork(after_in_child=self._let_go)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def owned(self) -> bool:
        return self._owner is not None

    def _let_go(self) -> None:
        if self._owner is not None:
            os.close(self._owner)
            self._owner = None

    def close(self) -> None:
        """Ends all servers, whoever started them, and removes their data."""
        if not self.owned:
            return
        deadline = time.monotonic() + PATIENCE
        with (self.folder / "keepers").open() as keepers:
            self._let_go()
            while time.monotonic() < deadline:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(keepers, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(0.02)
        for server in self._servers:
            server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *names: str) -> dict[str, Server]:
        """Starts a server of each kind."""
        return dict(zip(names, self._side_by_side(self._start, names), strict=True))

    def _side_by_side[T](self, work: Callable[[str], T], names: Iterable[str]) -> list[T]:
        with ThreadPoolExecutor() as pool:
            try:
                return list(pool.map(work, names))
            except KeyboardInterrupt:
                self.close()  # Lets those that are still starting give up at once.
                raise

    def _start(self, name: str) -> Server:
        server = KINDS[name](self.folder)
        self._servers.append(server)
        server.start()
        return server

    def environment(self, *names: str) -> dict[str, str]:
        """How to reach the servers that all share, as environment variables. Starts those that do not run yet."""
        variables = {name: KINDS[name].variable for name in names}
        found = {variable: os.environ[variable] for variable in variables.values() if variable in os.environ}
        missing = [name for name, variable in variables.items() if variable not in found]
        for environment in self._side_by_side(self._share, missing):
            found |= environment
        return found

    def _share(self, name: str) -> dict[str, str]:
        """The first to come starts it; what became of that, the others read in a file."""
        record = self.folder / f"{name}.json"
        with lock(record):
            if not record.exists():
                try:
                    outcome = {"environment": self._start(name).environment}
                except ServerError as error:  # It would take the others as long to find out.
                    outcome = {"error": str(error)}
                record.write_text(json.dumps(outcome))
        outcome = json.loads(record.read_text())
        if "error" in outcome:
            raise ServerError(outcome["error"])
        return outcome["environment"]


def _remove_abandoned() -> None:
    """Removes the folders of runs that were killed before they had started anything; no keeper does it for them."""
    for owner in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/owner"):
        with contextlib.suppress(OSError), owner.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            shutil.rmtree(owner.parent, ignore_errors=True)


class Space(NamedTuple):
    """A part of a shared server that no other test sees."""

    url: str
    name: str  # Begin with it whatever the URL does not set apart: Kafka's topics and groups, Redis' channels.


@functools.cache
def current() -> Run:
    """The run that this process takes part in, or else one of its own until it exits."""
    folder = os.environ.get(RUN)
    run = Run(Path(folder) if folder else None)
    atexit.register(run.close)
    return run


def shared(*names: str) -> dict[str, str]:
    """The URLs of shared servers, by environment variable. Those that are asked for at once start side by side."""
    return current().environment(*names)


@contextlib.contextmanager
def space(name: str) -> Generator[Space]:
    """A database, virtual host or the like of its own, on a shared server."""
    own = f"test_{secrets.token_hex(6)}"
    with KINDS[name].space(shared(name), own) as url:
        yield Space(url, own)


@contextlib.contextmanager
def fresh(name: str) -> Generator[Server]:
    """A server of its own, which a test may stop, kill or pause."""
    with Run() as run:
        yield run.start(name)[name]
