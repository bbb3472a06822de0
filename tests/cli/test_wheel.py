"""The command as people install it: from a wheel, with the template inside."""

from pathlib import Path

import pytest
from bedplate.source import REPOSITORY

from tests import wheel

from .support import Command, answers, same_project


@pytest.fixture(scope="module")
def installed(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    command = wheel.install(checkout, tmp_path_factory.mktemp("wheel"))
    return Command((str(command),), {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": ""})


def test_makes_what_a_checkout_makes(installed: Command, bedplate: Command, work: Path) -> None:
    assert bedplate("new", "--defaults", "one/shop", cwd=work).returncode == 0
    done = installed("new", "--defaults", "other/shop", cwd=work)

    assert (done.returncode, done.stderr) == (0, "")
    assert same_project(work / "one/shop", work / "other/shop")


def test_projects_name_the_public_repository_and_the_release(installed: Command, work: Path) -> None:
    assert installed("new", "--defaults", "shop", cwd=work).returncode == 0

    assert answers(work / "shop")["_src_path"] == REPOSITORY
    assert answers(work / "shop")["_commit"] == "v0.1.0"


def test_has_one_release_only(installed: Command, work: Path) -> None:
    done = installed("new", "--defaults", "shop", "--vcs-ref", "HEAD", cwd=work)

    assert done.returncode == 2
    assert done.stderr.startswith("Error: --vcs-ref: ")
    assert not any(work.iterdir())


def test_helps(installed: Command, bedplate: Command, work: Path) -> None:
    assert installed("new", "--help", cwd=work).stdout == bedplate("new", "--help", cwd=work).stdout
