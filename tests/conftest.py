import os
import signal
from pathlib import Path

import pytest

pytest_plugins = ["tests.schedule", "tests.servers.plugin", "tests.variants.clock", "tests.faults.figures"]


def pytest_configure() -> None:
    """Lets whatever the tests start begin as it would for a person."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # Or else each process would compile all of it anew.
    # A shell lets what it starts in the background ignore Ctrl-C, and whatever that starts as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template in a folder of its own, which is no repository."""
    from tests import template  # noqa: PLC0415 The contract suite starts sooner without Copier.

    return template.put(tmp_path_factory.mktemp("template"))
