"""How long each step of a variant took, told at the end of a run."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import perf_counter

import pytest

SECONDS = "seconds of a step"


class Clock:
    """Remembers how long each step took."""

    def __init__(self, record: Callable[[str, object], None]) -> None:
        self._record = record

    @contextmanager
    def __call__(self, step: str) -> Generator[None]:
        started = perf_counter()
        yield
        self._record(SECONDS, f"{step} {perf_counter() - started:.1f}")


@pytest.fixture
def timed(record_property: Callable[[str, object], None]) -> Clock:
    return Clock(record_property)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [each for outcome in ("passed", "failed") for each in terminalreporter.getreports(outcome)]
    lines = [_line(report) for report in reports if report.when == "call" and _steps(report)]
    if lines:
        terminalreporter.section("seconds of each step of each variant")
        terminalreporter.write_line("\n".join(lines))


def _line(report: pytest.TestReport) -> str:
    return f"{report.nodeid.rpartition('::')[2]}: {', '.join(_steps(report))}"


def _steps(report: pytest.TestReport) -> list[str]:
    return [str(value) for name, value in report.user_properties if name == SECONDS]
