"""The command as people install it: from a wheel, with the template and its releases inside."""

import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from bedplate import releases
from bedplate.source import REPOSITORY

from tests import wheel

from .support import ROOT, Command, answers, commit, git, same_project, tree

RELEASES = releases.names()
NEWEST = RELEASES[-1]


class Installed(NamedTuple):
    """The command of two versions, and the repository that they were built from."""

    this: Command
    next: Command
    public: Path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    versions = wheel.two_versions(tmp_path_factory.mktemp("wheels"))
    variables = {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": ""}
    return Installed(
        Command((str(versions.this),), variables), Command((str(versions.next),), variables), versions.public
    )


def _made(installed: Installed, work: Path) -> Path:
    assert installed.this("new", "--defaults", "shop", cwd=work).returncode == 0
    git(work / "shop", "init", "--quiet")
    commit(work / "shop", "As it was made")
    return work / "shop"


def test_makes_what_a_checkout_makes(installed: Installed, bedplate: Command, work: Path) -> None:
    assert bedplate("new", "--defaults", "one/shop", "--vcs-ref", "HEAD", cwd=work).returncode == 0
    done = installed.this("new", "--defaults", "other/shop", cwd=work)

    assert (done.returncode, done.stderr) == (0, "")
    assert same_project(work / "one/shop", work / "other/shop")


def test_projects_name_the_public_repository_and_the_release(installed: Installed, work: Path) -> None:
    project = _made(installed, work)

    assert answers(project)["_src_path"] == REPOSITORY
    assert answers(project)["_commit"] == NEWEST


def test_the_newest_release_that_it_carries_is_its_own(installed: Installed, work: Path) -> None:
    """In the checkout too: `make release` comes before the wheel."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]

    assert f"v{version}" == NEWEST
    assert installed.this("--version", cwd=work).stdout == f"bedplate {version}\n"


def test_the_next_version_updates_without_a_network(installed: Installed, work: Path) -> None:
    project = _made(installed, work)

    done = installed.next("update", "--project", project, cwd=work)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"shop: {NEWEST} to v99.0.0\n")
    assert (project / "LATER.md").read_text() == wheel.LATER
    assert answers(project).items() >= {"_src_path": REPOSITORY, "_commit": "v99.0.0"}.items()


def test_an_answer_changes_at_the_release_that_the_project_is_at(installed: Installed, work: Path) -> None:
    project = _made(installed, work)

    done = installed.next("set", "database=postgresql", cwd=project)

    assert (done.returncode, done.stderr) == (0, "")
    assert answers(project).items() >= {"database": "postgresql", "_commit": NEWEST}.items()
    assert not (project / "LATER.md").exists()


def test_plain_copier_updates_from_the_public_repository(installed: Installed, work: Path) -> None:
    ours = _made(installed, work)
    theirs = work / "copier" / "shop"
    git(work, "clone", "--quiet", str(ours), str(theirs))
    copier = Command((str(Path(installed.next.argv[0]).with_name("copier")),), installed.next.environment)
    public = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{installed.public}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
        "COPIER_CACHE_DIR": str(work / "cache"),
    }

    assert installed.next("update", cwd=ours).returncode == 0
    done = copier("update", "--defaults", cwd=theirs, **public)

    assert done.returncode == 0, done.stderr
    assert _without_git(ours) == _without_git(theirs)


def test_an_older_version_refuses_a_newer_project(installed: Installed, work: Path) -> None:
    project = _made(installed, work)
    assert installed.next("update", cwd=project).returncode == 0
    commit(project, "Updated")
    before = _without_git(project)

    for command in (("update",), ("set", "database=postgresql")):
        done = installed.this(*command, cwd=project)
        assert done.returncode == 2
        assert f"is at v99.0.0, but Bedplate {NEWEST[1:]} knows {RELEASES[0]} to {NEWEST}" in done.stderr
        assert "uvx bedplate@latest" in done.stderr
    assert _without_git(project) == before


def test_has_one_release_to_make_projects_of(installed: Installed, work: Path) -> None:
    done = installed.this("new", "--defaults", "shop", "--vcs-ref", "HEAD", cwd=work)

    assert done.returncode == 2
    assert done.stderr.startswith("Error: --vcs-ref: ")
    assert not any(work.iterdir())


def test_helps(installed: Installed, bedplate: Command, work: Path) -> None:
    assert installed.this("new", "--help", cwd=work).stdout == bedplate("new", "--help", cwd=work).stdout


def _without_git(project: Path) -> dict[str, object]:
    return {name: file for name, file in tree(project).items() if name.partition("/")[0] != ".git"}
