"""A made project to measure, and wrk (Debian's package), the load that is put on it from the other core."""

import os
import re
import secrets
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx

from tests import template
from tests.project import Project, environment
from tests.servers.install import debian

CONNECTIONS = 16
EMAIL, PASSWORD = "ann@example.org", "correct horse battery staple"


class Load(NamedTuple):
    answered: int
    per_second: float
    milliseconds: float
    """The 99th percentile."""


class Running(NamedTuple):
    client: httpx.Client
    """Signed in as nobody."""
    process: int
    """Its number."""

    def microseconds(self) -> float:
        """The processor time that it has used since it started: utime and stime of proc(5)."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1_000_000


def prepared(answers: template.Answers, scratch: Path, servers: Mapping[str, str]) -> Project:
    """A project that is set up, with an admin; it runs as in production, with its log lines in JSON."""
    settings = {"SECRET_KEY": secrets.token_hex(32), "BCRYPT_COST": "10", "ENVIRONMENT": "production", **servers}
    source = template.put(scratch / "template")
    project = Project(template.render(source, scratch / "bench", answers), settings)
    project.make("setup")
    project.make("migrate")
    project.make("admin", EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
    return project


@contextmanager
def running(command: Sequence[str], project: Project, log: Path, port: int) -> Generator[Running]:
    """Runs a program in a project's place until the block ends."""
    variables = {**environment(), **project.settings, "PORT": str(port)}
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=project.folder, env=variables, stdout=output, stderr=subprocess.STDOUT)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            _await(client)
            yield Running(client, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _await(client: httpx.Client) -> None:
    for _ in range(300):
        with suppress(httpx.TransportError):
            client.get("/livez")
            return
        time.sleep(0.1)


def sign_in(client: httpx.Client) -> str:
    """Signs the admin in; gives the token."""
    form = {"username": EMAIL, "password": PASSWORD}
    token: str = client.post("/v1/auth/token", data=form).raise_for_status().json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return token


def add_users(client: httpx.Client, count: int) -> list[str]:
    """Makes users as the one who is signed in; gives their ids."""
    return [
        client.post(
            "/v1/users", json={"email": f"user{number}@example.org", "name": f"User {number}", "password": PASSWORD}
        )
        .raise_for_status()
        .json()["id"]
        for number in range(count)
    ]


def load(url: str, token: str, seconds: int, *, script: Path | None = None) -> Load:
    """Asks for one URL over and over, or for what a script of wrk's says."""
    command = [debian("wrk", "wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    told = ["-H", f"Authorization: Bearer {token}", *(["-s", script] if script else []), url]
    output = subprocess.run([*map(str, command + told)], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output:
        raise RuntimeError(output)
    return Load(
        int(_found(r"(\d+) requests in", output)[1]),
        float(_found(r"Requests/sec:\s+([\d.]+)", output)[1]),
        _milliseconds(output),
    )


def _milliseconds(output: str) -> float:
    found = _found(r"99%\s+([\d.]+)(us|ms|s)\b", output)
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]


def _found(pattern: str, text: str) -> re.Match[str]:
    found = re.search(pattern, text)
    assert found, text
    return found
