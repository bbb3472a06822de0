"""What all servers have in common: ports, a folder, a process, and how to start, stop and harm it."""

import contextlib
import random
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

from tests.servers import keeper
from tests.servers.install import ServerError, tail

START = 60.0  # Seconds until a server must be ready.
STOP = 20.0  # Seconds that it has to stop in good order.

# Below the range from which the system takes the ports of outgoing connections (32768 and up). There a client that
# keeps trying to reach a stopped server could take its port, or even connect to itself.
PORTS = range(20000, 32768)


class Server(ABC):
    """One server of our own. Its subclasses say where it comes from, how it is run, and when it is ready."""

    name: ClassVar[str]  # As in the answers of a project.
    variable: ClassVar[str]  # The environment variable of its URL.
    port_count: ClassVar[int] = 1
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    end_signal: ClassVar[signal.Signals] = signal.SIGKILL  # When its run is over, and nobody needs its data again.

    def __init__(self, run: Path) -> None:
        self.run = run
        self.folder = run / self.name
        self.log = run / f"{self.name}.log"
        self.ports = free_ports(self.port_count)
        self.port = self.ports[0]
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...

    @property
    def environment(self) -> dict[str, str]:
        """Tells others how to reach it."""
        return {self.variable: self.url}

    @abstractmethod
    def install(self) -> None:
        """Makes sure that its files are there; quick if they are."""

    def prepare(self) -> None:  # noqa: B027 Most servers fill it by themselves.
        """Fills its folder, once; what a restart keeps is in there."""

    @abstractmethod
    def command(self) -> list[str | Path]: ...

    def variables(self) -> dict[str, str]:
        """Environment variables for the command, instead of ours."""
        return {}

    @abstractmethod
    def ready(self) -> bool: ...

    @classmethod
    @contextlib.contextmanager
    def space(cls, environment: Mapping[str, str], name: str) -> Generator[str]:
        """The URL of a part of this name that no other test sees, removed afterwards. Some servers have no parts."""
        del name
        yield environment[cls.variable]

    def start(self) -> None:
        """Starts it, with the data that it had, and waits until it is ready."""
        self.install()
        if not self.folder.exists():
            self.folder.mkdir()
            self.prepare()
        signals = (str(int(self.stop_signal)), str(int(self.end_signal)))
        script = [sys.executable, "-I", "-S", keeper.__file__, str(self.run), *signals]
        with self.log.open("ab") as log:
            self._keeper = subprocess.Popen(
                script + [str(word) for word in self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.variables() or None,
                start_new_session=True,  # Or Ctrl-C would reach it as well.
            )
        self._wait_until_ready(self._keeper)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START
        while not self.ready():
            if process.poll() is not None:
                raise ServerError(f"{self.name} stopped while starting{self._end_of_log()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"{self.name} is not ready after {START:.0f} s{self._end_of_log()}")
            time.sleep(0.05)

    def _end_of_log(self) -> str:
        try:
            return f"; the end of its log:\n{tail(self.log.read_text(errors='replace'))}"
        except FileNotFoundError:
            return ", since its run is over"

    @property
    def running(self) -> bool:
        return self._keeper is not None and self._keeper.poll() is None

    def stop(self) -> None:
        """Asks it to stop, as an operator would, and waits."""
        if self._keeper and self.running:
            self.resume()
            self._keeper.terminate()
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """Kills it and all of its processes, with kill -9, all at once."""
        if self._keeper and self.running:
            keeper.kill_below(self._keeper.pid)
            self.wait()

    def wait(self) -> None:
        """Until it has ended, by whatever cause."""
        if self._keeper:
            self._keeper.wait(STOP)

    def restart(self) -> None:
        """On the same ports, with the same data."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Halts it where it is: connections stay open, nobody answers."""
        if self._keeper and self.running:
            keeper.signal_below(self._keeper.pid, signal.SIGSTOP)

    def resume(self) -> None:
        if self._keeper and self.running:
            keeper.signal_below(self._keeper.pid, signal.SIGCONT)


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens. Chosen at random, so that parallel runs hardly ever choose the same ones."""
    ports = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise ServerError(f"no free port between {PORTS.start} and {PORTS.stop - 1}")


def with_path(url: str, path: str) -> str:
    """The same server, another database or virtual host."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


def exchange(port: int, request: bytes, size: int) -> bytes:
    """The first bytes of the answer to a request, or nothing if none comes soon."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request)
            return connection.recv(size)
    except OSError:
        return b""


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
