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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is not for every run; pytest tells how many."""
    if not config.getoption("--all"):
        left_out = [item for item in items if item.path.name == "test_combinations.py"]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
