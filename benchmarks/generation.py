"""How long it takes to make a project, and how much memory, beside a bare import of Copier."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.table import show
from tests import template, wheel
from tests.project import environment

ROUNDS = 7


class Cost(NamedTuple):
    seconds: float
    megabytes: float


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        plain = template.put(folder / "template")
        installed = wheel.install(template.ROOT, folder, "--compile-bytecode")
        commands = {
            'python -c "import copier"': [sys.executable, "-c", "import copier"],
            "copier copy, from a plain folder": _copier(plain),
            "copier copy, from a checkout": _copier(template.ROOT),
            "bedplate new, from a checkout": [sys.executable, "-m", "bedplate", "new", "--defaults"],
            "bedplate new, from the wheel": [str(installed), "new", "--defaults"],
        }
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        for number in range(ROUNDS + 1):
            for name, command in commands.items():
                target = [] if "import" in name else [str(folder / f"made-{number}-{list(commands).index(name)}")]
                cost = measure([*command, *target])
                if number:  # The first round only warms the caches.
                    costs[name].append(cost)
    bare = statistics.median(cost.seconds for cost in next(iter(costs.values())))
    rows = [_row(name, each, bare) for name, each in costs.items()]
    show("Making a project (median)", ["command", "seconds", "times the import", "peak memory, MB"], rows)


def measure(command: list[str]) -> Cost:
    """Runs a command to its end: its wall time and the peak of its memory."""
    variables = environment()
    started = time.perf_counter()
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(seconds, usage.ru_maxrss / 1024)


def _copier(source: Path) -> list[str]:
    return [sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", "--vcs-ref=HEAD", str(source)]


def _row(name: str, costs: list[Cost], bare: float) -> list[str]:
    seconds = statistics.median(cost.seconds for cost in costs)
    memory = statistics.median(cost.megabytes for cost in costs)
    return [
        f"`{name}`" if name.startswith("python") else name,
        f"{seconds:.2f}",
        f"{seconds / bare:.2f}",
        f"{memory:.0f}",
    ]
