"""Requests per second and the 99th percentile, beside a bare application on the same server and driver.

Both run at the same time, one process each, and are asked in turns, so that whatever else the machine does hits
both alike.
"""

import statistics
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

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


def main() -> None:
    for framework in FRAMEWORKS:
        for database in DATABASES:
            with tempfile.TemporaryDirectory() as scratch, _database_url(database, Path(scratch)) as url:
                _compare(framework, database, url, Path(scratch))


@contextmanager
def _database_url(database: str, scratch: Path) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{scratch}/bench.db"
    else:
        with servers.space(database) as space:
            yield space.url


def _compare(name: str, database: str, url: str, scratch: Path) -> None:
    framework = FRAMEWORKS[name]
    project = service.prepared({"framework": name, "database": database}, scratch, {"DATABASE_URL": url})
    ours, bare = free_port(), free_port()
    with (
        service.running(framework.serve(project), project, scratch / "ours.log", ours) as client,
        service.running(framework.bare(project, database, bare), project, scratch / "bare.log", bare) as bare_client,
    ):
        token = service.sign_in(client)
        bare_client.headers["Authorization"] = f"Bearer {token}"
        paths = _fill(client)
        for each in (client, bare_client):
            _warm_up(each, paths, token)
        rows = [_row(request, path, ours, bare, token) for request, path in paths.items()]
    head = ["request", "bare, per s", "ours, per s", "ratio", "bare, p99 ms", "ours, p99 ms"]
    title = f"{framework.label} on {database} (median of {ROUNDS} rounds, {service.CONNECTIONS} connections)"
    show(title, head, rows)


def _fill(client: httpx.Client) -> Mapping[str, str]:
    """Makes users; gives what to ask for by name."""
    *_, another = service.add_users(client, USERS)
    me = client.get("/v1/users/me").raise_for_status().json()
    return {
        "`GET /v1/users/{id}`, oneself": f"/v1/users/{me['id']}",
        "`GET /v1/users/{id}`, another": f"/v1/users/{another}",
        "`GET /v1/users`, 50 of them": "/v1/users",
    }


def _warm_up(client: httpx.Client, paths: Mapping[str, str], token: str) -> None:
    """Sees that the answers are right, too."""
    for path in paths.values():
        body = client.get(path).raise_for_status().json()
        assert len(body["items"]) == 50 if "items" in body else body["email"]
        service.load(f"{client.base_url}{path}", token, 1)


def _row(name: str, path: str, ours: int, bare: int, token: str) -> list[str]:
    loads = [
        tuple(service.load(f"http://127.0.0.1:{port}{path}", token, SECONDS) for port in (bare, ours))
        for _ in range(ROUNDS)
    ]
    ratio = statistics.median(mine.per_second / other.per_second for other, mine in loads)
    other, mine = (
        service.Load(*(statistics.median(values) for values in zip(*each, strict=True)))
        for each in zip(*loads, strict=True)
    )
    return [
        name,
        f"{other.per_second:.0f}",
        f"{mine.per_second:.0f}",
        f"**{ratio:.2f}**",
        f"{other.milliseconds:.0f}",
        f"{mine.milliseconds:.0f}",
    ]
