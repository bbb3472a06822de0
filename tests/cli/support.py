"""Runs the command, in a terminal where it matters, and compares what it makes."""

import codecs
import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self, override

import pyte
import pytest
import yaml
from bedplate import main

ROOT = Path(__file__).parents[2]
ANSWERS = ".copier-answers.yml"
PATIENCE = 30  # Seconds to wait for a screen or an exit: Copier alone takes one to be imported, more on a busy machine.

# Half of a run is compilation where nothing keeps the bytecode, as in an environment that was just made.
BYTECODE = TemporaryDirectory(prefix="bedplate-bytecode-")

type Tree = dict[str, tuple[int, bytes | str]]


@dataclass(frozen=True)
class Command:
    """The `bedplate` of a checkout or of an installation."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs it without a terminal."""
        return subprocess.run(
            [*self.argv, *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **self.environment, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def in_terminal(self, *arguments: str | Path, cwd: Path, columns: int = 80) -> "Terminal":
        return Terminal([*self.argv, *map(str, arguments)], cwd, {**os.environ, **self.environment}, columns)


class _Screen(pyte.Screen):
    """Answers a prompt that asks where the cursor is, and waits for it."""

    def __init__(self, columns: int, lines: int, answer: Callable[[str], None]) -> None:
        super().__init__(columns, lines)
        self._answer = answer

    @override
    def write_process_input(self, data: str) -> None:
        self._answer(data)


class Terminal:
    """A process in a pseudo-terminal, and what its screen shows."""

    def __init__(
        self, argv: list[str], cwd: Path, environment: Mapping[str, str], columns: int, lines: int = 60
    ) -> None:
        self._screen = _Screen(columns, lines, self.send)
        self._stream = pyte.Stream(self._screen)
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            # Some runner of tests may say how wide it is; the terminal says so itself.
            env={**environment, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(lines)},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).strip()

    def send(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def see(self, text: str, times: int = 1) -> None:
        """Waits until the screen shows a text, so many times."""
        deadline = time.monotonic() + PATIENCE
        while self.text.count(text) < times:
            assert self._read(deadline), f"never seen: {text}\n{self.text}"

    def answer(self, question: str, keys: str, times: int = 1) -> None:
        """Waits for a question, which may have been asked before, and types."""
        self.see(question, times)
        self.send(keys)

    def exit_code(self) -> int:
        """Waits until the process ends."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        return self.process.wait(max(0, deadline - time.monotonic()))

    def _read(self, deadline: float) -> bool:
        """Reads what there is to read; false when nothing more will come."""
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        ready = poll.poll(max(0, deadline - time.monotonic()) * 1000)
        try:
            output = os.read(self._master, 65536) if ready else b""
        except OSError:  # What Linux says when the other side is closed.
            return False
        self._stream.feed(self._decode(output))
        return bool(output)


@dataclass
class Ended:
    """How a run ended."""

    code: object
    out: str
    err: str


class Caller:
    """Calls the command in this process: most of a short run is Copier's import, and is paid once so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str | Path) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["bedplate", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        return Ended(ended.value.code or 0, *self._capsys.readouterr())


ENTER, BACKSPACE, DOWN, CTRL_C, CTRL_D = "\r", "\x7f", "\x1b[B", "\x03", "\x04"


def command_of(checkout: Path) -> Command:
    """The command as a checkout has it, which finds its template from where the package is."""
    return Command(
        (sys.executable, "-m", "bedplate"),
        {
            "PYTHONPATH": str(checkout / "generator"),
            "PYTHONPYCACHEPREFIX": BYTECODE.name,
            "PYTHONDONTWRITEBYTECODE": "",
        },
    )


def put_package(checkout: Path) -> None:
    package = Path("generator", "bedplate")
    shutil.copytree(ROOT / package, checkout / package, ignore=shutil.ignore_patterns("__pycache__"))


def put_everything(checkout: Path) -> None:
    """Copies the work tree as it is, and makes it a repository of one commit."""
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if (ROOT / name).is_file():  # It may have been removed, and not committed yet.
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    git(checkout, "init", "--quiet", "--initial-branch=main")
    commit(checkout, "All of it")


def git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=repository, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(repository: Path, message: str) -> None:
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", message)


def tree(folder: Path) -> Tree:
    """Everything below a folder: the mode, and the content or the link's target."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else "",
        )
        for path in sorted(folder.rglob("*"))
    }


def same_project(one: Path, other: Path) -> bool:
    """Whether two projects are equal, byte for byte but for where the template came from."""
    return _without_origin(one) == _without_origin(other)


def _without_origin(project: Path) -> Tree:
    found = tree(project)
    mode, content = found[ANSWERS]
    assert isinstance(content, bytes)
    kept = [line for line in content.decode().splitlines() if not line.startswith(("_commit:", "_src_path:"))]
    return {**found, ANSWERS: (mode, "\n".join(kept))}


def answers(project: Path) -> dict[str, object]:
    return yaml.safe_load((project / ANSWERS).read_text())
