"""The service's commands, run as they are run in earnest: each in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Process:
    """A command that runs, and what it has logged."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]

    def has_logged(self, event: str) -> bool:
        if self.popen.poll() is not None:
            pytest.fail(f"it ended with {self.popen.returncode}:\n{self.log.read_text()}")
        return any(line["event"] == event for line in self.lines)

    def stop(self) -> int:
        """As whoever runs it does; gives its exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(PATIENCE_SECONDS)


@contextmanager
def managing(command: str, environment: Mapping[str, str], folder: Path) -> Generator[Process]:
    """Runs a command of `manage.py` in production, where its log is for machines; kills it if nobody has stopped it."""
    log = folder / f"{command}.log"
    with log.open("wb") as written:
        popen = subprocess.Popen(
            [sys.executable, "manage.py", command],
            cwd=ROOT,
            env={**os.environ, "ENVIRONMENT": "production", **environment},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )
        try:
            yield Process(popen, log)
        finally:
            popen.kill()
            popen.wait()
