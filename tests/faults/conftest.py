from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import servers, template
from tests.faults.figures import leave_out
from tests.faults.system import System, prepared
from tests.frameworks import FRAMEWORKS
from tests.project import Project

OFTEN = (("postgresql", "rabbitmq"), ("postgresql", "kafka"), ("postgresql", "redis"), ("mongodb", "kafka"))
"""The pairs that every run tries, in the cases that tell most of their databases: one framework each, in turns."""


class Choices(NamedTuple):
    framework: str
    database: str
    broker: str


@dataclass(frozen=True)
class Scale:
    """How thoroughly a case is tried."""

    events: int
    seconds_down: float


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One case for each pair of database and broker, of those that it has anything to say about."""
    if marker := metafunc.definition.get_closest_marker("fault"):
        databases, brokers = (marker.kwargs.get(name, ()) for name in ("databases", "brokers"))
        choices = [
            each
            for each in _choices()
            if each.database in (databases or each.database) and each.broker in (brokers or each.broker)
        ]
        metafunc.parametrize("place", choices, indirect=True, ids=["-".join(each) for each in choices], scope="module")


@cache
def _choices() -> list[Choices]:
    return sorted({Choices(*(answers[name] for name in Choices._fields)) for answers in template.legal()})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out(config, items, _is_for_all_only)


def _is_for_all_only(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("fault")
    if marker is None or not isinstance(item, pytest.Function):
        return False
    choices = item.callspec.params["place"]
    assert isinstance(choices, Choices)
    return choices not in _often() or choices.database not in marker.kwargs["often"]


def _often() -> set[Choices]:
    return {Choices(framework, *pair) for framework, pair in zip(cycle(FRAMEWORKS), OFTEN, strict=False)}


@dataclass(frozen=True)
class Place:
    """A rendered project, and a broker that only its cases use, one after the other."""

    choices: Choices
    folder: Path
    server: servers.Server | None


@pytest.fixture(scope="module", params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    """Every framework, one after the other."""
    return str(request.param)


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    choices: Choices = request.param
    folder = template.render(source, tmp_path_factory.mktemp("faults") / "order-desk", choices._asdict())
    Project(folder).make("setup")
    if choices.broker == "memory":
        yield Place(choices, folder, None)
        return
    with servers.fresh(choices.broker) as server:
        yield Place(choices, folder, server)


@pytest.fixture
def more_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings of the service in this case, by `@pytest.mark.settings(...)`."""
    marker = request.node.get_closest_marker("settings")
    return dict(marker.kwargs) if marker else {}


@pytest.fixture
def system(place: Place, more_settings: dict[str, str]) -> Iterator[System]:
    choices = place.choices
    with prepared(choices.database, choices.broker, place.folder, place.server, more_settings) as system:
        yield system


@pytest.fixture(scope="session")
def scale(pytestconfig: pytest.Config) -> Scale:
    return Scale(1000, 10) if pytestconfig.getoption("--all") else Scale(150, 2)
