from collections.abc import Callable
from pathlib import Path

import pytest

from tests import template


@pytest.fixture
def render(source: Path, tmp_path: Path) -> Callable[[template.Answers], Path]:
    """Makes a project of the given answers."""

    def made(answers: template.Answers) -> Path:
        return template.render(source, tmp_path / "order-desk", answers)

    return made
