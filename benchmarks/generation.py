"""How long the command takes, beside what it cannot do without: Typer, Copier, and making anew."""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.table import show
from tests import template, wheel
from tests.cli.support import commit, git
from tests.project import environment

ROUNDS = 7
CHANGE = ("database=postgresql", "broker=kafka")
TARGET = "TARGET"
COPY = (sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", "--vcs-ref=HEAD")
TYPER = """
import typer
app = typer.Typer(add_completion=False, rich_markup_mode=None)
@app.command()
def main() -> None:
    "Does nothing."
app()
"""


class Case(NamedTuple):
    """What is measured.

    Attributes:
        name: Of the row.
        beside: The row that this one is given in times of.
        most: The aim, in times of that.
        command: What is run; TARGET stands for a path that nothing else has.
        project: Whether a copy of an older project is to be at that path first.
    """

    name: str
    beside: str
    most: str
    command: tuple[str, ...]
    project: bool = False


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        versions = wheel.two_versions(folder, "--compile-bytecode")
        project = _project(versions.this, folder / "project" / "shop")
        costs: dict[Case, list[float]] = {case: [] for case in _cases(versions, template.put(folder / "template"))}
        for number in range(ROUNDS + 1):
            for position, case in enumerate(costs):
                target = folder / f"{number}-{position}" / "shop"
                if case.project:
                    shutil.copytree(project, target)
                seconds = measure([part.replace(TARGET, str(target)) for part in case.command])
                if number:  # The first round only warms the caches.
                    costs[case].append(seconds)
    medians = {case.name: statistics.median(found) for case, found in costs.items()}
    rows = [_row(case, medians[case.name], medians[case.beside]) for case in costs]
    show("The command (median)", ["command", "seconds", "in times of", "ratio", "aim"], rows)


def _cases(versions: wheel.Versions, plain: Path) -> list[Case]:
    this, later = str(versions.this), str(versions.next)
    python = str(versions.this.with_name("python"))
    checkout = (sys.executable, "-m", "bedplate", "new", "--defaults")
    typer, copier, made = "a bare Typer, --help", "python -c 'import copier'", "bedplate new, from the wheel"
    return [
        Case(typer, typer, "", (python, "-c", TYPER, "--help")),
        Case("bedplate --help", typer, "1.3", (this, "--help")),
        Case(copier, copier, "", (python, "-c", "import copier")),
        Case("copier copy, from a plain folder", copier, "", (*COPY, str(plain), TARGET)),
        Case("copier copy, from a checkout", copier, "", (*COPY, str(template.ROOT), TARGET)),
        Case("bedplate new, from a checkout", copier, "", (*checkout, TARGET)),
        Case(made, copier, "2.5", (this, "new", "--defaults", TARGET)),
        Case("bedplate update", made, "3", (later, "update", "--project", TARGET), project=True),
        Case("bedplate set", made, "", (this, "set", *CHANGE, "--project", TARGET), project=True),
    ]


def _project(command: Path, folder: Path) -> Path:
    """An untouched project of the present version, in a repository of its own."""
    subprocess.run([command, "new", "--defaults", folder], check=True, env=environment(), stdout=subprocess.DEVNULL)
    git(folder, "init", "--quiet")
    commit(folder, "As it was made")
    return folder


def measure(command: list[str]) -> float:
    """Runs a command to its end, and returns how long it took."""
    variables = environment()
    started = time.perf_counter()
    subprocess.run(command, env=variables, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _row(case: Case, seconds: float, beside: float) -> list[str]:
    name = "" if case.beside == case.name else case.beside
    return [case.name, f"{seconds:.2f}", name, f"{seconds / beside:.2f}" if name else "", case.most]
