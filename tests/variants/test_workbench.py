"""Every adapter in one tree: formatter, linter, types and imports once over everything."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import template
from tests.frameworks import FRAMEWORKS
from tests.project import Project

from .clock import Clock


@pytest.mark.parametrize("framework", template.questions()["framework"]["choices"].values())
def test_everything_together_is_clean(framework: str, render: Callable[[template.Answers], Path], timed: Clock) -> None:
    project = Project(render({"framework": framework, "every_option": True}))
    _expect_every_choice(project.folder, framework)
    with timed("setup"):
        project.make("setup")
    with timed("lint"):
        project.make("lint")


def _expect_every_choice(folder: Path, framework: str) -> None:
    known = FRAMEWORKS[framework]
    packages = {each for option in template.options() for each in option.get("packages", {}).get(framework, [])}
    assert packages == set(known.dependencies((folder / known.manifest).read_text()))
