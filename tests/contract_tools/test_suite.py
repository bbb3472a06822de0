"""How the contract suite is started: with a service, or not at all; never skipped in silence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).parents[1] / "contract"
ALL = ("--service-url", "http://127.0.0.1:9", "--admin-email", "a@example.org", "--admin-password", "a-password")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One with the suite, and with another test."""
    shutil.copytree(SUITE, tmp_path / "tests" / "contract", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests" / "other").mkdir()
    (tmp_path / "tests" / "other" / "test_other.py").write_text("def test_other() -> None: ...\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\naddopts = --import-mode=importlib\n")
    return tmp_path


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=repository,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # They take longer than the rest of it.
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [[], ["tests"], ["tests/other"]])
def test_an_ordinary_run_leaves_it_out(repository: Path, arguments: list[str]) -> None:
    ran = run(repository, *arguments)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
    assert "skipped" not in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (["tests/contract"], "--service-url, --admin-email, --admin-password?"),
        (["tests/contract/test_users.py::test_create"], "--service-url, --admin-email, --admin-password?"),
        (["tests/other", "tests/contract", "-p", "xdist.plugin", "-n", "2"], "--service-url, --admin-email"),
        (["tests/contract", *ALL[:4]], "--admin-password?"),
        (["tests/contract", *ALL[2:]], "--service-url?"),
        (["tests/contract", *ALL, "--broker", "kafka"], "--broker-url, --events-topic?"),
        (["tests/contract", *ALL, "--broker", "redis", "--broker-url", "x"], "--events-stream?"),
        (["tests/contract", *ALL, "--broker", "rabbitmq"], "--broker-url?"),
    ],
)
def test_it_says_what_it_needs(repository: Path, arguments: list[str], missing: str) -> None:
    ran = run(repository, *arguments)

    assert ran.returncode == pytest.ExitCode.USAGE_ERROR, ran.stdout + ran.stderr
    assert missing in ran.stderr
    assert "Traceback" not in ran.stderr


def test_it_says_that_no_service_answers(repository: Path) -> None:
    ran = run(repository, "tests/contract", *ALL)

    assert ran.returncode == pytest.ExitCode.USAGE_ERROR, ran.stdout + ran.stderr
    assert "no service answers at http://127.0.0.1:9" in ran.stderr
