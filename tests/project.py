"""Drives a made project as a person does: by its verbs, in an environment that knows nothing of Bedplate's own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx

from tests import template

PATIENCE = 600.0  # Seconds for a verb: the first one may download everything.
START_PATIENCE = 60.0
STOP_PATIENCE = 30.0
SHOWN_LINES = 120
# What uv, make, pytest and Python tell the processes that they start.
OURS = ("UV_PYTHON", "UV_RUN_RECURSION_DEPTH", "VIRTUAL_ENV", "MAKE", "MFLAGS", "PYTEST", "PYTHON", "COV_CORE")


class StepFailed(Exception):  # noqa: N818 What happened.
    """A step did not end as it should; the message holds the step's output."""

    def __init__(self, step: str, how: str, output: str) -> None:
        *earlier, last = output.rstrip().rsplit("\n", SHOWN_LINES)[-SHOWN_LINES:] or [""]
        super().__init__("\n".join([f"{step} {how}:", *earlier, last]))


@dataclass(frozen=True)
class Project:
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def make(self, *arguments: str, **variables: str) -> str:
        """Runs `make`, and returns what it said."""
        __tracebackhide__ = True
        return run(["make", *arguments], self.folder, {**environment(), **self.settings, **variables})

    @contextmanager
    def running(self, ready: str = "/readyz") -> Generator[str]:
        """Runs `make run` until told to stop; gives the URL. Fails unless it ends well, with nothing left over.

        Args:
            ready: What is answered with a success as soon as it runs.
        """
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        with self.log(url).open("w+") as log:
            server = subprocess.Popen(
                ["make", "run"],
                cwd=self.folder,
                env={**environment(), **self.settings, "PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                _await_start(server, url + ready, log)
                yield url
                _stop(server, log)
            finally:
                _kill(server)

    def log(self, url: str) -> Path:
        """What the one that runs at a URL has written."""
        return self.folder.with_name(f"{self.folder.name}-{url.rpartition(':')[2]}.log")


def environment() -> dict[str, str]:
    """The environment of whoever runs the tests, without what this run of them has put into it."""
    settings = {setting["name"] for option in template.options() for setting in option.get("settings", [])}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS) and name not in settings}
    path = [part for part in kept["PATH"].split(os.pathsep) if not Path(part).is_relative_to(template.ROOT)]
    return {**kept, "PATH": os.pathsep.join([*_place_of_uv(), *path])}


def _place_of_uv() -> list[str]:
    """A folder with uv and nothing else: projects then need not install one of their own, which takes seconds."""
    uv = Path(os.environ.get("UV") or template.ROOT / ".tools/bin/uv")
    if shutil.which("uv") or not uv.exists():
        return []
    folder = template.ROOT / ".tools" / "only-uv"
    folder.mkdir(exist_ok=True)
    with suppress(FileExistsError):
        (folder / "uv").symlink_to(uv)
    return [str(folder)]


def run(command: list[str], folder: Path, variables: Mapping[str, str]) -> str:
    """Runs a command to its end, and returns what it said."""
    __tracebackhide__ = True  # What went wrong is in the message.
    step = " ".join(Path(part).name if part.startswith("/") else part for part in command)
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StepFailed(step, f"took more than {PATIENCE:.0f} s", str(error.stdout or b"", "utf-8")) from None
    if done.returncode != 0:
        raise StepFailed(step, f"ended with {done.returncode}", done.stdout)
    return done.stdout


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def _await_start(server: subprocess.Popen[bytes], url: str, log: IO[str]) -> None:
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise StepFailed("make run", f"ended with {server.returncode}", _read(log))
        with suppress(httpx.TransportError):
            if httpx.get(url, timeout=5).is_success:
                return
        time.sleep(0.05)
    raise StepFailed("make run", f"was not ready after {START_PATIENCE:.0f} s", _read(log))


def _stop(server: subprocess.Popen[bytes], log: IO[str]) -> None:
    """Tells the service itself, which make and the package manager wait for."""
    if server.poll() is not None:
        raise StepFailed("make run", f"ended early, with {server.returncode}", _read(log))
    tell_youngest(server.pid)
    try:
        status = server.wait(STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        raise StepFailed("make run", f"went on {STOP_PATIENCE:.0f} s after SIGTERM", _read(log)) from None
    if status != 0:
        raise StepFailed("make run", f"ended with {status} after SIGTERM", _read(log))
    if left := _members(server.pid):
        raise StepFailed("make run", f"left {len(left)} processes behind", _read(log))


def _kill(server: subprocess.Popen[bytes]) -> None:
    for process in _members(server.pid):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    server.wait()


def _members(session: int) -> dict[int, int]:
    """The living processes of a session, each with its parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # It ended meanwhile.
                # "42 (any) name) S 1 …": state, parent, group and session follow the last parenthesis.
                state, parent, _, of_session, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(of_session) == session and state not in "ZX":
                    found[int(entry.name)] = int(parent)
    return found


def tell_youngest(session: int) -> None:
    """Sends SIGTERM to those of a session that have no child."""
    members = _members(session)
    for process in members.keys() - members.values():
        os.kill(process, signal.SIGTERM)


def _read(log: IO[str]) -> str:
    log.seek(0)
    return log.read()
