"""Events per second from a change by HTTP to the end of its handler, and beside a bare producer and consumer.

One process serves, publishes and handles. What it does with events alone is seen after an outage of the broker, when
many wait. The bare one sends and receives as many bytes by the same client library, confirmed and acknowledged, and
does nothing else.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks import service
from benchmarks.frameworks import BARE, FRAMEWORKS
from benchmarks.table import show
from tests import servers
from tests.project import Project, free_port

SECONDS = 10
USERS = 200
BARE_EVENTS = 10_000
BROKERS = ("memory", "rabbitmq", "kafka", "redis")
HANDLED = re.compile(r'^events_consumed_total\{.*result="handled".*\} ([0-9.e+]+)$', re.MULTILINE)
# The names differ from all before, or else nothing would change.
CHANGES = """
local users, run, count = {{{users}}}, os.time(), 0
wrk.method, wrk.headers["Content-Type"] = "PATCH", "application/json"
function request()
  count = count + 1
  return wrk.format(nil, "/v1/users/" .. users[count % #users + 1], nil, '{{"name": "' .. run .. " " .. count .. '"}}')
end
"""


class Figures(NamedTuple):
    answered: float
    """Changes per second."""
    handled: float
    """Events per second, from the first request to the last event handled."""
    behind: float
    """How many seconds after the last answer that was."""
    caught_up: float | None
    """Events per second of those that had to wait for the broker."""


def main(frameworks: Sequence[str]) -> None:
    for framework in frameworks:
        _compare(framework)


def _compare(framework: str) -> None:
    rows = []
    for broker in BROKERS:
        with tempfile.TemporaryDirectory() as scratch, _places(broker) as places:
            answers = {"framework": framework, "database": "postgresql", "broker": broker}
            project = service.prepared(answers, Path(scratch), places)
            rows.append(_row(broker, _measure(framework, project, Path(scratch)), _bare(broker, places)))
    head = [
        "broker",
        "changes answered, per s",
        "events handled, per s",
        "last one after, s",
        "waiting ones, per s",
        "bare, per s",
        "share",
    ]
    title = f"Events, {FRAMEWORKS[framework].label} on postgresql"
    show(f"{title} ({SECONDS} s of changes, {service.CONNECTIONS} connections)", head, rows)


@contextmanager
def _places(broker: str) -> Generator[Mapping[str, str]]:
    with servers.space("postgresql") as database:
        if broker == "memory":
            yield {"DATABASE_URL": database.url}
            return
        with servers.space(broker) as space:
            url = space.url if "://" in space.url else f"{broker}://{space.url}"
            yield {"DATABASE_URL": database.url, "BROKER_URL": url}


def _measure(framework: str, project: Project, scratch: Path) -> Figures:
    with _serving(framework, project, scratch) as client:
        script = _changes(service.add_users(client, USERS), scratch)
        _await_handled(client, USERS + 2)  # The admin's creation and sign-in, too.
        before = _handled(client)
        started = time.perf_counter()
        load = _change(client, script)
        answered = time.perf_counter() - started
        count = _await_handled(client, before + load.answered) - before
        seconds = time.perf_counter() - started
    caught_up = _catch_up(framework, project, scratch, script) if "BROKER_URL" in project.settings else None
    return Figures(load.per_second, count / seconds, seconds - answered, caught_up)


def _catch_up(framework: str, project: Project, scratch: Path, script: Path) -> float:
    """Makes changes while there is no broker, and sees how fast their events are handled when it is back."""
    scheme = project.settings["BROKER_URL"].partition(":")[0]
    nowhere = f"{scheme}://127.0.0.1:{free_port()}"
    with _serving(framework, Project(project.folder, {**project.settings, "BROKER_URL": nowhere}), scratch) as client:
        waiting = _change(client, script).answered
    with _serving(framework, project, scratch, signed_in=False) as client:
        _await_handled(client, 1)
        started, before = time.perf_counter(), _handled(client)
        return (_await_handled(client, waiting) - before) / (time.perf_counter() - started)


@contextmanager
def _serving(framework: str, project: Project, scratch: Path, *, signed_in: bool = True) -> Generator[httpx.Client]:
    with service.running(
        FRAMEWORKS[framework].serve(project), project, scratch / "service.log", free_port()
    ) as running:
        if signed_in:
            service.sign_in(running.client)
        yield running.client


def _changes(users: Sequence[str], scratch: Path) -> Path:
    script = scratch / "changes.lua"
    script.write_text(CHANGES.format(users=", ".join(f'"{user}"' for user in users)))
    return script


def _change(client: httpx.Client, script: Path) -> service.Load:
    token = client.headers["Authorization"].removeprefix("Bearer ")
    return service.load(str(client.base_url), token, SECONDS, script=script)


def _await_handled(client: httpx.Client, count: int) -> int:
    deadline = time.monotonic() + 120
    while (handled := _handled(client)) < count:
        assert time.monotonic() < deadline, f"{handled} of {count} events were handled"
        time.sleep(0.02)
    return handled


def _handled(client: httpx.Client) -> int:
    return sum(int(float(value)) for value in HANDLED.findall(client.get("/metrics").text))


def _bare(broker: str, places: Mapping[str, str]) -> float | None:
    """Events per second by Python's client library; nothing stands between sender and receiver in one process."""
    if broker == "memory":
        return None
    script = BARE / "fastapi/events.py"
    command = [sys.executable, script, broker, places["BROKER_URL"], str(BARE_EVENTS)]
    return BARE_EVENTS / float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _row(broker: str, ours: Figures, bare: float | None) -> list[str]:
    return [
        broker,
        f"{ours.answered:.0f}",
        f"{ours.handled:.0f}",
        f"{ours.behind:.1f}",
        *(
            (f"{ours.caught_up:.0f}", f"{bare:.0f}", f"**{ours.caught_up / bare:.2f}**")
            if ours.caught_up and bare
            else ("", "", "")
        ),
    ]
