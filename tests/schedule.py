"""Which worker of pytest-xdist does which test, and in what order.

What xdist has for it, `--dist loadgroup`, does nothing with pytest 9.2: it renames tests, and pytest does not look.
"""

from typing import override

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

# What takes longest comes first, or else one worker would be at it while the others have nothing left to do.
FIRST = ("tests/variants/", "tests/interplay/", "tests/faults/", "tests/render/", "tests/update/")
# Each of them on one worker: what their tests look at takes longer to make than to look at.
TOGETHER = ("tests/render/", "tests/update/")
# Of these, each file and framework on one worker, since its tests share servers and services; and in one file, each
# database and broker too.
BY_FRAMEWORK, BY_CHOICES = "tests/faults/", "tests/faults/test_events.py"


class Scheduling(LoadScopeScheduling):
    @override
    def _split_scope(self, nodeid: str) -> str:
        file, choices = nodeid.partition("::")[0], nodeid.partition("[")[2].removesuffix("]")
        if file == BY_CHOICES:
            return f"{file}[{choices}]"
        if file.startswith(BY_FRAMEWORK):
            return f"{file}[{choices.partition('-')[0]}]"
        return next(filter(file.startswith, TOGETHER), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, folder in enumerate(FIRST) if item.nodeid.startswith(folder)), len(FIRST))
