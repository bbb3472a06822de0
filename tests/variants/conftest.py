from collections.abc import Callable
from pathlib import Path

import pytest

from tests import template
from tests.faults.figures import leave_out


@pytest.fixture
def render(source: Path, tmp_path: Path) -> Callable[[template.Answers], Path]:
    """Makes a project of the given answers."""

    def made(answers: template.Answers) -> Path:
        return template.render(source, tmp_path / "order-desk", answers)

    return made


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out(config, items, lambda item: item.path.name == "test_combinations.py")
