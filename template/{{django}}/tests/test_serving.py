"""The service in a process of its own, as it is run."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.conf import settings

ROOT = Path(__file__).parents[1]
PATIENCE = 20.0

# On a database that is no file of anybody: only SQLite's can be made out of nothing.
only_sqlite = pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3", reason="makes a database of its own"
)


def manage(environment: dict[str, str], *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    own = {"DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}", "PORT": port, "BCRYPT_COST": "4"}
    return {**os.environ, **own}


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    url = f"http://127.0.0.1:{environment['PORT']}"
    with manage(environment, "serve") as process, httpx.Client(base_url=url) as http:
        try:
            _wait_for(http)
            yield process, http
        finally:
            process.kill()


def _wait_for(http: httpx.Client) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            http.get("/livez")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the service does not answer")


@only_sqlite
def test_it_serves_until_it_is_told_to_stop(environment: dict[str, str]) -> None:
    with manage(environment, "migrate", "-v0") as process:
        assert process.wait(PATIENCE) == 0

    with serving(environment) as (process, http):
        assert http.get("/readyz").json()["dependencies"].keys() == {"database", "cache", "broker"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


@only_sqlite
def test_it_does_not_start_without_its_migrations(environment: dict[str, str]) -> None:
    with manage(environment, "serve") as process:
        _, lines = process.communicate(timeout=PATIENCE)

    assert process.returncode == 2
    assert "make migrate" in lines


def test_a_setting_that_is_wrong_is_named(environment: dict[str, str]) -> None:
    with manage(environment | {"BCRYPT_COST": "3"}, "check") as process:
        _, lines = process.communicate(timeout=PATIENCE)

    assert process.returncode == 2
    assert "BCRYPT_COST" in lines
