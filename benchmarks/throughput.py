"""Requests per second and the 99th percentile, beside a bare application on the same server and driver.

Both run at the same time, one process each, and are asked in turns, so that whatever else the machine does hits
both alike. The load comes from wrk (Debian's package), on the other core.
"""

import re
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks.table import show
from tests import servers, template
from tests.project import Project, environment, free_port
from tests.servers.install import debian

ROUNDS = 4
SECONDS = 3
CONNECTIONS = 16
USERS = 60
EMAIL, PASSWORD = "ann@example.org", "correct horse battery staple"
BARE = {"sqlite": "sql", "postgresql": "sql", "mongodb": "mongodb"}


class Load(NamedTuple):
    per_second: float
    milliseconds: float
    """The 99th percentile."""


def main() -> None:
    for database in BARE:
        with tempfile.TemporaryDirectory() as scratch, _database_url(database, Path(scratch)) as url:
            _compare(database, url, Path(scratch))


@contextmanager
def _database_url(database: str, scratch: Path) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{scratch}/bench.db"
    else:
        with servers.space(database) as space:
            yield space.url


def _compare(database: str, url: str, scratch: Path) -> None:
    secret = secrets.token_hex(32)
    settings = {"DATABASE_URL": url, "SECRET_KEY": secret, "BCRYPT_COST": "4", "ENVIRONMENT": "development"}
    project = _project(database, scratch, settings)
    python = [str(project.folder / ".venv/bin/python"), "-m"]
    ours, bare = free_port(), free_port()
    bare_command = [
        "uvicorn",
        "--app-dir",
        str(Path(__file__).parent / "bare"),
        f"{BARE[database]}:app",
        "--port",
        str(bare),
    ]
    with (
        _running([*python, "service", "serve"], project.folder, {**settings, "PORT": str(ours)}, scratch / "ours.log"),
        _running([*python, *bare_command], project.folder, settings, scratch / "bare.log"),
    ):
        token, paths = _fill(ours)
        for port in (ours, bare):
            _await(port, paths, token)
        rows = [_row(name, path, ours, bare, token) for name, path in paths.items()]
    head = ["request", "bare, per s", "ours, per s", "ratio", "bare, p99 ms", "ours, p99 ms"]
    show(f"FastAPI on {database} (median of {ROUNDS} rounds, {CONNECTIONS} connections)", head, rows)


def _project(database: str, scratch: Path, settings: dict[str, str]) -> Project:
    source = template.put(scratch / "template")
    project = Project(template.render(source, scratch / "bench", {"database": database}), settings)
    project.make("setup")
    project.make("migrate")
    project.make("admin", EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
    return project


@contextmanager
def _running(command: list[str], folder: Path, settings: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**environment(), **settings}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _fill(port: int) -> tuple[str, dict[str, str]]:
    """Makes users; gives the admin's token, and what to ask for by name."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        _until_up(client)
        form = {"username": EMAIL, "password": PASSWORD}
        token = client.post("/v1/auth/token", data=form).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        for number in range(USERS):
            body = {"email": f"user{number}@example.org", "name": f"User {number}", "password": PASSWORD}
            client.post("/v1/users", json=body).raise_for_status()
        another = client.get("/v1/users?limit=1").raise_for_status().json()["items"][0]
        me = client.get("/v1/users/me").raise_for_status().json()
    return token, {
        "`GET /v1/users/{id}`, oneself": f"/v1/users/{me['id']}",
        "`GET /v1/users/{id}`, another": f"/v1/users/{another['id']}",
        "`GET /v1/users`, 50 of them": "/v1/users",
    }


def _until_up(client: httpx.Client) -> None:
    for _ in range(300):
        with suppress(httpx.TransportError):
            client.get("/livez")
            return
        time.sleep(0.1)


def _await(port: int, paths: dict[str, str], token: str) -> None:
    """Sees that the answers are right, and warms up."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}) as client:
        _until_up(client)
        for path in paths.values():
            body = client.get(path).raise_for_status().json()
            assert len(body["items"]) == 50 if "items" in body else body["email"]
    for path in paths.values():
        _load(port, path, token, 1)


def _row(name: str, path: str, ours: int, bare: int, token: str) -> list[str]:
    loads = [(_load(bare, path, token, SECONDS), _load(ours, path, token, SECONDS)) for _ in range(ROUNDS)]
    ratio = statistics.median(mine.per_second / other.per_second for other, mine in loads)
    other, mine = (
        Load(*(statistics.median(values) for values in zip(*each, strict=True))) for each in zip(*loads, strict=True)
    )
    return [
        name,
        f"{other.per_second:.0f}",
        f"{mine.per_second:.0f}",
        f"**{ratio:.2f}**",
        f"{other.milliseconds:.0f}",
        f"{mine.milliseconds:.0f}",
    ]


def _load(port: int, path: str, token: str, seconds: int) -> Load:
    wrk = debian("wrk", "wrk")
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-H", f"Authorization: Bearer {token}"]
    output = subprocess.run(
        [*map(str, command), f"http://127.0.0.1:{port}{path}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if "Non-2xx" in output:
        raise RuntimeError(output)
    return Load(_number(r"Requests/sec:\s+([\d.]+)", output), _milliseconds(output))


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found, text
    return float(found[1])


def _milliseconds(output: str) -> float:
    found = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", output)
    assert found, output
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]
