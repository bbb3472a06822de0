"""That a service which does not start, or does not end well, is told."""

import re
import sys
import time
from pathlib import Path

import pytest

from tests import project
from tests.project import Project, StepFailed

SERVER = """
import http.server, os, signal, subprocess, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
def stop(*_):
    print("asked to stop")
    {stop}
signal.signal(signal.SIGTERM, stop)
{start}
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Ready).serve_forever()
"""
ORPHAN = "subprocess.run('sleep 60 & echo $! > orphan', shell=True, stdin=-3, stdout=-3, stderr=-3)"


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "START_PATIENCE", 10.0)
    monkeypatch.setattr(project, "STOP_PATIENCE", 1.0)


def service(folder: Path, *, start: str = "", stop: str = "sys.exit(0)") -> Project:
    (folder / "server.py").write_text(SERVER.format(start=start, stop=stop))
    (folder / "Makefile").write_text(f"run:\n\t@{sys.executable} server.py\n\nfail:\n\t@echo what happened; exit 3\n")
    return Project(folder)


def use(made: Project) -> None:
    with made.running():
        pass


def test_a_service_that_ends_well_is_no_reason_to_complain(tmp_path: Path) -> None:
    use(service(tmp_path))


@pytest.mark.parametrize(
    ("start", "stop", "told"),
    [
        ("sys.exit('no database')", "sys.exit(0)", r"make run ended with 2:(.|\n)*no database"),
        ("", "sys.exit(5)", r"make run ended with 2 after SIGTERM"),
        ("", "pass", r"make run went on 1 s after SIGTERM"),
        ("", f"{ORPHAN}; sys.exit(0)", r"make run left 1 processes behind"),
    ],
)
def test_a_service_that_does_not_is_told(tmp_path: Path, start: str, stop: str, told: str) -> None:
    with pytest.raises(StepFailed, match=told):
        use(service(tmp_path, start=start, stop=stop))
    orphan = tmp_path / "orphan"
    assert not orphan.exists() or ends_soon(orphan.read_text().strip())


def ends_soon(process: str) -> bool:
    """It has been killed; a busy machine takes a moment to let it die."""
    deadline = time.monotonic() + 5
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(process)


def is_alive(process: str) -> bool:
    status = Path("/proc", process, "status")
    return status.exists() and re.search(r"State:\s*Z", status.read_text()) is None


def test_a_step_that_fails_tells_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="make fail ended with 2:\nwhat happened"):
        service(tmp_path).make("fail")


def test_projects_see_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "PYTEST_ADDOPTS", "MAKEFLAGS", "SECRET_KEY", "UV_PYTHON"):
        monkeypatch.setenv(name, "x")
    environment = project.environment()
    assert environment.keys().isdisjoint({"VIRTUAL_ENV", "PYTEST_ADDOPTS", "MAKEFLAGS", "SECRET_KEY", "UV_PYTHON"})
    assert str(project.template.ROOT / ".venv") not in environment["PATH"]
