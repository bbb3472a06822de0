"""Which faults are tried how thoroughly, and what came out of it: told at the end of a run."""

from collections.abc import Callable

import pytest

FIGURES = "figures of a fault"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bedplate")
    group.addoption(
        "--all", action="store_true", help="all cases, and 1,000 events in each of the faults; takes much longer"
    )


def leave_out(config: pytest.Config, items: list[pytest.Item], is_for_all_only: Callable[[pytest.Item], bool]) -> None:
    """Leaves out what is not for every run; pytest tells how many."""
    if not config.getoption("--all"):
        left_out = [item for item in items if is_for_all_only(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "fault(often, brokers, databases): what to try it on; `often` with these databases in every run"
    )
    config.addinivalue_line("markers", "settings(NAME=value): of the service in this case")


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tells a figure of this test."""
    return lambda figure: record_property(FIGURES, figure)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [each for outcome in ("passed", "failed") for each in terminalreporter.getreports(outcome)]
    lines = [_line(report) for report in reports if report.when == "call" and _figures(report)]
    if lines:
        terminalreporter.section("events after each fault")
        terminalreporter.write_line("\n".join(lines))


def _line(report: pytest.TestReport) -> str:
    return f"{report.nodeid.rpartition('::')[2]}: {', '.join(_figures(report))}"


def _figures(report: pytest.TestReport) -> list[str]:
    return [str(value) for name, value in report.user_properties if name == FIGURES]
