"""Projects of every release, made once and copied, and updated in this process."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from bedplate import origins, releases, update
from bedplate.answers import collect, default
from bedplate.engine import Form, Template, opened, render
from bedplate.trees import Tree, rendered
from plumbum import local

from tests.render.project import quick_copier

from . import history
from .history import History

type Make = Callable[[str, Mapping[str, object]], Path]


@pytest.fixture(scope="session")
def releases_made(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history.make(tmp_path_factory.mktemp("history"))


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    with quick_copier():
        yield


@pytest.fixture(scope="session", autouse=True)
def as_in_a_wheel(releases_made: History) -> Iterator[None]:
    """Lets the command find its releases in the bundle, and nothing on the network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releases, "BUNDLE", releases_made.bundle)
        for name, value in releases_made.environment().items():
            patch.setenv(name, value)
        with local.env(**releases_made.environment()):  # Copier's, which it copied when it was imported.
            yield


@pytest.fixture(scope="session", autouse=True)
def opened_once() -> Iterator[None]:
    """Takes each release out of the bundle once: a third of an update's time."""
    release = origins._release
    with ExitStack() as kept, pytest.MonkeyPatch.context() as patch:

        @cache
        def known(name: str) -> Template:
            return release(kept, name)

        def remembered(_: ExitStack, name: str) -> Template:
            return known(name)

        patch.setattr(origins, "_release", remembered)
        yield


@pytest.fixture(scope="session", autouse=True)
def rendered_once() -> Iterator[None]:
    """Renders each release with the same answers once: two thirds of an update's time."""
    known: dict[str, Tree] = {}

    def remembered(template: Template, name: str, answers: Mapping[str, object]) -> Tree:
        key = repr((template.commit, template.url, name, sorted(answers.items())))
        if key not in known:
            known[key] = rendered(template, name, answers)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(update, "rendered", remembered)
        yield


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes a project of a release, and commits it; the same one each time."""
    folder = tmp_path_factory.mktemp("originals")
    made: dict[str, Path] = {}

    def make(release: str, answers: Mapping[str, object]) -> Path:
        key = repr((release, sorted(answers.items())))
        if key not in made:
            project = folder / str(len(made)) / "shop"
            with TemporaryDirectory() as scratch, opened(releases.unpack(release, Path(scratch, "x"))) as template:
                render(template, project, collect(Form(template, project), answers, default))
            history.commit(project, "As it was made")
            history.git(project, "repack", "-adq")  # One file to copy, not one for each.
            made[key] = project
        return made[key]

    return make


@pytest.fixture
def made(originals: Make, tmp_path: Path) -> Make:
    """Makes a project of a release, for one test."""

    def make(release: str, answers: Mapping[str, object]) -> Path:
        target = tmp_path / str(len([*tmp_path.iterdir()])) / "shop"
        return Path(shutil.copytree(originals(release, answers), target))

    return make
