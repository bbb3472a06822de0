"""A service with its database and a broker of its own: instances to start and to kill, a broker to harm."""

import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
import psycopg

from tests import servers
from tests.contract.wire import Wire
from tests.faults.ledger import PASSWORD, Entry, Ledger, Writer, read
from tests.project import Project, environment, free_port, tell_youngest

PATIENCE = 90.0
START_PATIENCE = 60.0
EMAIL = "ann@example.org"
SETTINGS = {"BCRYPT_COST": "4", "LOG_LEVEL": "warning"}
EVENTS_CONSUMED = re.compile(r'^events_consumed_total\{.*result="(\w+)".*\} ([0-9.e+]+)$', re.MULTILINE)


class Instance:
    """The service in a session of its own, which `make` leads."""

    def __init__(self, project: Project, log: Path) -> None:
        self._log = log.open("ab")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            ["make", "run"],
            cwd=project.folder,
            env={**environment(), **project.settings, "PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def await_start(self) -> Self:
        deadline = time.monotonic() + START_PATIENCE
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"the service ended with {self._process.returncode}"
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/livez", timeout=5).is_success:
                    return self
            time.sleep(0.05)
        raise AssertionError(f"the service did not start in {START_PATIENCE:.0f} s")

    def consumed(self) -> Counter[str]:
        """How many messages it was done with since it runs: handled, duplicate, ignored, parked."""
        found: Counter[str] = Counter()
        for result, value in EVENTS_CONSUMED.findall(httpx.get(f"{self.url}/metrics", timeout=30).text):
            found[result] += int(float(value))
        return found

    def kill(self) -> None:
        """Kill -9."""
        self._signal_all(signal.SIGKILL)
        self._process.wait()
        self._log.close()

    def pause(self) -> None:
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def stop(self) -> None:
        """In good order."""
        tell_youngest(self._process.pid)
        status = self._process.wait(60)
        self._log.close()
        assert status == 0, f"the service ended with {status}"

    def _signal_all(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


@dataclass
class System:
    database: str
    broker: str
    project: Project
    server: servers.Server | None
    """The broker; None for the one within the process."""
    place: str
    """The exchange, topic or stream."""
    log: Path
    ledger: Ledger = field(default_factory=Ledger)
    instances: list[Instance] = field(default_factory=list)
    consumed: Counter[str] = field(default_factory=Counter)
    """By instances that are gone."""
    token: str = ""
    admin_id: str = ""

    @property
    def harmed(self) -> servers.Server:
        """The broker, to harm."""
        assert self.server
        return self.server

    def start(self, number: int = 1) -> list[Instance]:
        """Starts instances beside those that run; the first ever makes the admin."""
        made = [Instance(self.project, self.log) for _ in range(number)]
        self.instances += made
        for instance in made:
            instance.await_start()
        if not self.token:
            self._sign_in(made[0])
        return made

    def kill(self, instance: Instance) -> None:
        self.consumed += instance.consumed()
        instance.kill()
        self.instances.remove(instance)

    def close(self) -> None:
        for instance in self.instances:
            instance.kill()

    def writer(self, instance: Instance, *, may_break: bool = False) -> Writer:
        return Writer(instance.url, self.token, self.admin_id, self.ledger, may_break=may_break)

    @contextmanager
    def wire(self) -> Generator[Wire]:
        """The broker, as another service sees it."""
        with Wire(self.broker, self.project.settings["BROKER_URL"], self.place, reads=False) as wire:
            yield wire

    def http(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.instances[0].url, headers=headers, timeout=30)

    def activity(self) -> Counter[Entry]:
        """The log as a whole. Fails if an event is in it twice."""
        with self.http() as http:
            items = read(lambda cursor: http.get("/v1/activity", params={"limit": 100, **cursor}))
        ids = Counter(item["id"] for item in items)
        assert len(ids) == len(items), f"twice: {[key for key, times in ids.items() if times > 1][:3]}"
        return Counter((item["type"], item["user_id"], item["by"]) for item in items)

    def settle(self, patience: float = PATIENCE) -> None:
        """Waits until the activity log says just what the ledger does."""
        deadline = time.monotonic() + patience
        while True:
            told = self.activity()
            missing = self.ledger.expected - told
            surplus = told - self.ledger.expected - self.ledger.possible
            assert not surplus, f"{surplus.total()} that were never written: {list(surplus)[:3]}"
            if not missing:
                return
            assert time.monotonic() < deadline, f"{missing.total()} are missing, such as {list(missing)[:3]}"
            time.sleep(0.1)

    def stays_settled(self, seconds: float = 0.5) -> None:
        time.sleep(seconds)
        self.settle(0)

    def results(self) -> Counter[str]:
        """How many messages all instances were done with, and how."""
        return sum((instance.consumed() for instance in self.instances), self.consumed)

    @contextmanager
    def holding(self) -> Generator[Callable[[], None]]:
        """Holds events up, for them to be many, until the end of the block.

        Gives a function that returns when the instances are in the midst of handling them: where the database can
        do that, their handlers have begun and do not end.
        """
        if self.database == "postgresql":
            with psycopg.connect(self.project.settings["DATABASE_URL"]) as connection:
                connection.execute("LOCK TABLE activity IN ACCESS EXCLUSIVE MODE")
                yield lambda: self.wait_until(lambda: self._waiting() >= len(self.instances), "handling")
            return
        before = self.results().total()
        for instance in self.instances:
            instance.pause()

        def let_go() -> None:
            for instance in self.instances:
                instance.resume()
            self.wait_until(lambda: self.results().total() > before, "handling")

        yield let_go

    def _waiting(self) -> int:
        """How many statements wait for a lock."""
        with psycopg.connect(self.project.settings["DATABASE_URL"]) as connection:
            query = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            [[count]] = connection.execute(query).fetchall()
        return int(count)

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{what} is still not so after {seconds:.0f} s"
            time.sleep(0.02)

    def _sign_in(self, instance: Instance) -> None:
        form = {"username": EMAIL, "password": PASSWORD}
        self.token = httpx.post(f"{instance.url}/v1/auth/token", data=form, timeout=30).json()["access_token"]
        with self.http() as http:
            self.admin_id = http.get("/v1/users/me").json()["id"]
        self.ledger.add("user.created", self.admin_id, None)
        self.ledger.add("session.started", self.admin_id, self.admin_id)


@contextmanager
def prepared(
    database: str, broker: str, folder: Path, server: servers.Server | None, more: Mapping[str, str]
) -> Generator[System]:
    """The service of a rendered project, with a database and a part of the broker for this case alone."""
    with ExitStack() as stack:
        settings = SETTINGS | dict(more)
        own = f"case_{time.time_ns():x}"
        if database == "sqlite":
            settings["DATABASE_URL"] = f"sqlite:///{folder.with_name(own)}.db"
        else:
            settings["DATABASE_URL"] = stack.enter_context(servers.space(database)).url
        place = ""
        if server:
            url = stack.enter_context(server.space(server.environment, own))
            settings["BROKER_URL"] = url if "://" in url else f"{broker}://{url}"
            if broker != "rabbitmq":  # There its default is tried here; the contract suite tries the other way.
                place = f"{own}-events"
                settings["EVENTS_TOPIC" if broker == "kafka" else "EVENTS_STREAM"] = place
        project = Project(folder, settings)
        system = System(database, broker, project, server, place, folder.with_name(f"{own}.log"))
        stack.callback(system.close)
        project.make("migrate")
        project.make("admin", f"EMAIL={EMAIL}", ADMIN_PASSWORD=PASSWORD)
        try:
            yield system
        finally:
            if server:  # Whatever the case has left it in.
                server.resume()
                if not server.running:
                    server.start()
