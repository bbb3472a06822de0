"""Renders every legal combination of answers, once per run.

What depends on a file's content alone is then done once per distinct content.
"""

from pathlib import Path

import pytest
from pytest_copie.plugin import Copie

from tests import template

from .project import TEXTS, Distinct, Project, distinct, render


@pytest.fixture(scope="session")
def projects(copie_session: Copie, source: Path) -> list[Project]:
    """One for every legal combination of choices; the first has the defaults."""
    return [render(copie_session, source, answers) for answers in template.legal()]


@pytest.fixture(scope="session")
def contents(copie_session: Copie, source: Path, projects: list[Project]) -> list[Distinct]:
    """What the files hold in all of them, and in some with texts of all kinds."""
    return distinct([*projects, *(render(copie_session, source, projects[0].answers, texts) for texts in TEXTS)])
