"""A project that was updated, or whose answers were changed, passes its own checks."""

import pytest
from bedplate import releases
from bedplate.update import answer, update

from tests import template
from tests.project import Project

from . import owner
from .conftest import Make
from .history import NEXT, commit

DEFAULTS = template.legal()[0]
CHANGES = [
    {"database": "postgresql", "cache": "redis", "broker": "kafka"},
    {"database": "mongodb", "broker": "rabbitmq"},
    {"broker": "redis"},
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "changed" in metafunc.fixturenames:
        every = metafunc.config.getoption("--all")
        metafunc.parametrize(
            "changed", CHANGES if every else CHANGES[:1], ids=lambda changed: "-".join(changed.values())
        )
    if "release" in metafunc.fixturenames:
        metafunc.parametrize("release", releases.names())


def test_an_updated_project_passes_its_tests(made: Make, release: str) -> None:
    project = made(release, DEFAULTS)
    owner.add_a_resource(project, DEFAULTS)
    owner.delete_an_example(project, DEFAULTS)
    commit(project, "Mine")

    update(project, origin=None, ref=None)

    Project(project, {"BCRYPT_COST": "4"}).make("setup", "lint", "test")


def test_a_changed_project_passes_its_checks(made: Make, changed: dict[str, str]) -> None:
    project = made(NEXT, DEFAULTS)
    owner.add_a_resource(project, DEFAULTS)
    commit(project, "Mine")

    answer(project, changed)

    Project(project).make("setup", "lint")
