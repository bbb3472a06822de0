"""Services of rendered projects, on servers that may be harmed; and people who call them without a pause."""

import dataclasses
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from tests import servers, template
from tests.contract.client import Contract, Service, canonical_document
from tests.project import Project
from tests.servers.install import lock

EMAIL, PASSWORD = "ann@example.org", "a long enough password"
# As in production, since logs are easier to read there.
SETTINGS = {"ENVIRONMENT": "production", "SECRET_KEY": secrets.token_hex(), "BCRYPT_COST": "10"}
PATIENCE = 20.0  # Seconds until something has come true that should.


def project(framework: str, database: str, cache: str, **settings: str) -> Project:
    """A project of these choices, set up; all workers of a run of the tests share one of each kind."""
    folder = servers.current().folder / f"{framework}-{database}-{cache}"
    with lock(folder):
        if not folder.exists():
            scratch = template.put(folder.with_name(f"{folder.name}-template"))
            answers = {"framework": framework, "database": database, "cache": cache}
            Project(template.render(scratch, folder, answers)).make("setup")
    return Project(folder, SETTINGS | settings)


def with_admin(made: Project) -> Project:
    """On a database with all tables and an admin."""
    made.make("migrate")
    made.make("admin", f"EMAIL={EMAIL}", ADMIN_PASSWORD=PASSWORD)
    return made


@dataclass(frozen=True)
class Instance:
    """A service that runs."""

    url: str
    project: Project
    http: httpx.Client = field(repr=False)
    people: Service = field(repr=False)

    def metric(self, name: str, **labels: str) -> float:
        """The sum of what the metrics of this name say, with these labels."""
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        samples = re.findall(rf"^{name}{{(.*)}} (.*)$", self.http.get("/metrics").text, re.MULTILINE)
        return sum(float(value) for found, value in samples if wanted <= set(found.split(",")))

    @property
    def hits(self) -> float:
        return self.metric("cache_requests_total", result="hit")

    def health(self) -> tuple[int, dict[str, str]]:
        """The status of /readyz, and of each dependency."""
        answer = self.http.get("/readyz")
        return answer.status_code, {name: each["status"] for name, each in answer.json()["dependencies"].items()}

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.project.log(self.url).read_text().splitlines()]


@contextmanager
def running(made: Project, **settings: str) -> Generator[Instance]:
    """The service of a project with an admin."""
    made = dataclasses.replace(made, settings={**made.settings, **settings})
    limits = httpx.Limits(max_connections=100, keepalive_expiry=2)
    with made.running() as url, httpx.Client(base_url=url, limits=limits, timeout=30) as http:
        yield Instance(url, made, http, Service.at(http, Contract(canonical_document()), EMAIL, PASSWORD))


@dataclass(frozen=True)
class Answer:
    began: float
    ended: float
    status: int  # 0 if there was none.
    problem: str = ""
    patience: str = ""  # After which to try again.

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class Load:
    """Calls by several people at the same time, one after the other, for as long as the block lasts."""

    def __init__(self, instance: Instance, calls: Sequence[Callable[[httpx.Client], httpx.Response]]) -> None:
        self.answers: list[Answer] = []
        self._url = instance.url
        self._calls = calls
        self._over = threading.Event()
        self._threads = ThreadPoolExecutor(len(calls))

    def __enter__(self) -> Self:
        for call in self._calls:
            self._threads.submit(self._go_on, call)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._threads.shutdown()

    def _go_on(self, call: Callable[[httpx.Client], httpx.Response]) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as http:
            while not self._over.is_set():
                self.answers.append(_answer(call, http))
                time.sleep(0.01)

    def since(self, moment: float) -> list[Answer]:
        """Answers to calls that began after a moment."""
        return [answer for answer in list(self.answers) if answer.began > moment]

    @property
    def slowest(self) -> float:
        return max(answer.seconds for answer in self.answers)


def _answer(call: Callable[[httpx.Client], httpx.Response], http: httpx.Client) -> Answer:
    began = time.monotonic()
    try:
        response = call(http)
    except httpx.HTTPError:
        return Answer(began, time.monotonic(), 0)
    ended = time.monotonic()
    if not response.is_error:
        return Answer(began, ended, response.status_code)
    is_problem = response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()["type"] if is_problem else response.text
    return Answer(began, ended, response.status_code, problem, response.headers.get("Retry-After", ""))


def readers(instance: Instance, paths: Sequence[str], count: int) -> list[Callable[[httpx.Client], httpx.Response]]:
    """Calls that read one path after the other, by the admin."""
    headers = {"Authorization": f"Bearer {instance.people.admin.access_token}"}

    def reader(number: int) -> Callable[[httpx.Client], httpx.Response]:
        position = number

        def read(http: httpx.Client) -> httpx.Response:
            nonlocal position
            position += 1
            return http.get(paths[position % len(paths)], headers=headers)

        return read

    return [reader(number) for number in range(count)]


def writer(instance: Instance, path: str) -> Callable[[httpx.Client], httpx.Response]:
    """A call that renames a user, by the admin."""
    headers = {"Authorization": f"Bearer {instance.people.admin.access_token}"}
    return lambda http: http.patch(path, headers=headers, json={"name": secrets.token_hex()})


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"it takes more than {PATIENCE:.0f} s until {what}"
        time.sleep(0.02)
