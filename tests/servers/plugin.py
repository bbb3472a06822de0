"""Gives the tests their servers.

The process that the user has started owns them, so they outlast the workers of pytest-xdist, which inherit the name of
its run in the environment. Nothing starts before a test asks for it.
"""

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from tests import servers

_mine: list[servers.Run] = []


def pytest_configure() -> None:
    if servers.RUN not in os.environ:
        run = servers.current()
        os.environ[servers.RUN] = str(run.folder)
        _mine.append(run)


def pytest_unconfigure() -> None:
    while _mine:
        _mine.pop().close()
        del os.environ[servers.RUN]


@pytest.fixture
def space() -> Iterator[Callable[[str], servers.Space]]:
    """A part of a shared server, for this test alone: `space("postgresql").url`."""
    with contextlib.ExitStack() as stack:
        yield lambda name: stack.enter_context(servers.space(name))
