"""Every combination passes its own lint. An ordinary run makes do with the pairwise set, which takes minutes less."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import template
from tests.project import Project


@pytest.mark.parametrize("answers", template.legal(), ids=template.name_of)
def test_a_combination_is_clean(answers: template.Answers, render: Callable[[template.Answers], Path]) -> None:
    project = Project(render(answers))
    project.make("setup")
    project.make("lint")
