"""Requests per second, the 99th percentile and processor time, beside a bare application on the same server and driver.

Both run at the same time, one process each, and are asked in turns, so that whatever else the machine does hits
both alike. Processor time says most where the machine is shared or a program runs on more than one core.
"""

import statistics
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from benchmarks import service
from benchmarks.frameworks import FRAMEWORKS
from benchmarks.table import show
from tests import servers
from tests.project import free_port

ROUNDS = 4
SECONDS = 3
USERS = 60
DATABASES = ("sqlite", "postgresql", "mongodb")
HEAD = [
    "request",
    "bare, per s",
    "ours, per s",
    "ratio",
    "bare, µs of processor",
    "ours, µs of processor",
    "ratio",
    "bare, p99 ms",
    "ours, p99 ms",
]


class Figures(NamedTuple):
    """What one program did under one load."""

    per_second: float
    milliseconds: float
    """The 99th percentile."""
    microseconds: float
    """Of processor time, per request."""


def main(frameworks: Sequence[str]) -> None:
    for framework in frameworks:
        for database in DATABASES:
            with tempfile.TemporaryDirectory() as scratch, _database_url(database, Path(scratch)) as url:
                _compare(framework, database, url, Path(scratch))


@contextmanager
def _database_url(database: str, scratch: Path) -> Generator[str]:
    if database == "sqlite":
        yield f"sqlite:///{scratch}/bench.db"
    else:
        with servers.space(database) as space:
            yield space.url


def _compare(name: str, database: str, url: str, scratch: Path) -> None:
    framework = FRAMEWORKS[name]
    project = service.prepared({"framework": name, "database": database}, scratch, {"DATABASE_URL": url})
    ours_port, bare_port = free_port(), free_port()
    with (
        service.running(framework.serve(project), project, scratch / "ours.log", ours_port) as ours,
        service.running(framework.bare(project, database, bare_port), project, scratch / "bare.log", bare_port) as bare,
    ):
        token = service.sign_in(ours.client)
        bare.client.headers["Authorization"] = f"Bearer {token}"
        paths = _fill(ours.client)
        _warm_up(bare.client, ours.client, paths, token)
        rows = [_row(request, path, bare, ours, token) for request, path in paths.items()]
    title = f"{framework.label} on {database} (median of {ROUNDS} rounds, {service.CONNECTIONS} connections)"
    show(title, HEAD, rows)


def _fill(client: httpx.Client) -> Mapping[str, str]:
    """Makes users; gives what to ask for by name."""
    *_, another = service.add_users(client, USERS)
    me = client.get("/v1/users/me").raise_for_status().json()
    return {
        "`GET /v1/users/{id}`, oneself": f"/v1/users/{me['id']}",
        "`GET /v1/users/{id}`, another": f"/v1/users/{another}",
        "`GET /v1/users`, 50 of them": "/v1/users",
    }


def _warm_up(bare: httpx.Client, ours: httpx.Client, paths: Mapping[str, str], token: str) -> None:
    """Sees that both answer the same, too."""
    for path in paths.values():
        answers = [_users(each.get(path).raise_for_status().json()) for each in (bare, ours)]
        assert answers[0] == answers[1], answers
        for each in (bare, ours):
            service.load(f"{each.base_url}{path}", token, 1)


def _users(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of a page, or the one; with their moments as such, which may be written in several ways."""
    users = body.get("items", [body])
    assert len(users) == (50 if "items" in body else 1)
    return [{**user, "created_at": datetime.fromisoformat(user["created_at"])} for user in users]


def _row(name: str, path: str, bare: service.Running, ours: service.Running, token: str) -> list[str]:
    rounds = [(_figures(bare, path, token), _figures(ours, path, token)) for _ in range(ROUNDS)]
    other, mine = (
        Figures(*(statistics.median(values) for values in zip(*each, strict=True)))
        for each in zip(*rounds, strict=True)
    )
    return [
        name,
        *(f"{figures.per_second:.0f}" for figures in (other, mine)),
        f"**{statistics.median(mine.per_second / other.per_second for other, mine in rounds):.2f}**",
        *(f"{figures.microseconds:.0f}" for figures in (other, mine)),
        f"**{statistics.median(other.microseconds / mine.microseconds for other, mine in rounds):.2f}**",
        *(f"{figures.milliseconds:.0f}" for figures in (other, mine)),
    ]


def _figures(program: service.Running, path: str, token: str) -> Figures:
    before = program.microseconds()
    load = service.load(f"{program.client.base_url}{path}", token, SECONDS)
    return Figures(load.per_second, load.milliseconds, (program.microseconds() - before) / load.answered)
