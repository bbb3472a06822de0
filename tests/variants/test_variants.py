"""Each variant from its answers to a running service that keeps the contract, on real servers."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests import servers, template
from tests.frameworks import FRAMEWORKS
from tests.project import Project, run

from .clock import Clock
from .pairwise import pairwise

EMAIL, PASSWORD = "ann@example.org", "a long enough password"
CHEAP = {"BCRYPT_COST": "4", "LOG_LEVEL": "warning"}


@pytest.mark.parametrize("answers", pairwise(template.legal()), ids=template.name_of)
def test_a_variant_works(
    answers: template.Answers,
    render: Callable[[template.Answers], Path],
    space: Callable[[str], servers.Space],
    timed: Clock,
) -> None:
    settings = _settings(answers, space)
    with timed("render"):
        project = Project(render(answers), CHEAP | settings)
    _commit(project.folder)
    for verb in ("setup", "lint", "test"):
        with timed(verb):
            project.make(verb)

    project.make("migrate")
    project.make("admin", f"EMAIL={EMAIL}", ADMIN_PASSWORD=PASSWORD)
    assert "nothing has changed" in project.make("admin", f"EMAIL={EMAIL}", ADMIN_PASSWORD=PASSWORD)
    with project.running() as url, timed("contract"):
        _hold_to_the_contract(url, answers, settings)

    # Git ignores what the verbs have made, but for the pinned packages, which are the project's own from now on.
    status = _git(project.folder, "status", "--porcelain", "--untracked-files=all")
    assert set(status.splitlines()) == FRAMEWORKS[answers["framework"]].made_by_setup


def _settings(answers: template.Answers, space: Callable[[str], servers.Space]) -> dict[str, str]:
    """Where the servers are that the choices need, and what there is for this variant alone."""
    found = {}
    for option in template.chosen(answers):
        if option.get("choice") in servers.KINDS:
            own = space(option["choice"])
            for setting in option["settings"]:
                if setting["type"] == "url":
                    found[setting["name"]] = own.url if "://" in own.url else f"{option['choice']}://{own.url}"
                elif setting["name"].startswith("EVENTS_"):
                    found[setting["name"]] = f"{own.name}-events"
    return found


def _hold_to_the_contract(url: str, answers: template.Answers, settings: Mapping[str, str]) -> None:
    """In a process of its own, as for a service of anybody's."""
    command = [sys.executable, "-m", "pytest", "tests/contract", "--quiet", "-p", "no:cacheprovider"]
    caller = ["--service-url", url, "--admin-email", EMAIL, "--admin-password", PASSWORD]
    events = ["--broker", answers["broker"]]
    for name, value in settings.items():
        if name == "BROKER_URL" or name.startswith("EVENTS_"):
            events += [f"--{name.lower().replace('_', '-')}", value]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    run([*command, *caller, *events], template.ROOT, kept)


def _commit(folder: Path) -> None:
    _git(folder, "init", "--quiet")
    _git(folder, "add", "--all")
    _git(folder, "-c", "user.name=Ann", "-c", f"user.email={EMAIL}", "commit", "--quiet", "--message", "Begin")


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout
