"""Makes the default project in a scratch folder, and uses it as its owner would: `make demo`."""

import json
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx

from tests.project import Project, StepFailed, environment, run

WIDTH = 60
INDENT = 8
NAME = "order-desk"
ADMIN = "ann@example.org"


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Cleans up as after Ctrl-C.
    started = perf_counter()
    try:
        with tempfile.TemporaryDirectory(prefix="bedplate-demo-") as scratch:
            demonstrate(Path(scratch).resolve())
    except StepFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Nothing is left.", file=sys.stderr)
        return 130
    print(f"{perf_counter() - started:5.1f} s in all. The folder is gone; make one to keep:\n")
    print("    uvx bedplate new shop")
    return 0


def demonstrate(scratch: Path) -> None:
    password = secrets.token_urlsafe()
    project = Project(scratch / NAME)
    with step(f"bedplate new {NAME} --defaults"):
        # A checkout is taken as it is, with what nobody has committed yet.
        bedplate = [sys.executable, "-m", "bedplate", "new", NAME, "--defaults", "--vcs-ref", "HEAD"]
        run(bedplate, scratch, os.environ | {"PATH": environment()["PATH"]})
    for verb in ("setup", "migrate"):
        with step(f"make {verb}"):
            project.make(verb)
    with step(f"make admin EMAIL={ADMIN}"):
        project.make("admin", f"EMAIL={ADMIN}", ADMIN_PASSWORD=password)
    start = perf_counter()
    with project.running() as url, httpx.Client(base_url=url) as http:
        tell(start, "make run")
        call(http, password)
        start = perf_counter()
    tell(start, "SIGTERM: it has stopped, with exit code 0")


def call(http: httpx.Client, password: str) -> None:
    form = {"grant_type": "password", "username": ADMIN, "password": password}
    tokens = ask(http, "POST", "/v1/auth/token", data=form)
    http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    new = {"email": "bea@example.org", "name": "Bea", "password": secrets.token_urlsafe()}
    ask(http, "POST", "/v1/users", json=new)
    ask(http, "GET", "/v1/users")


def ask(http: httpx.Client, method: str, path: str, **content: Any) -> Any:  # noqa: ANN401 JSON.
    start = perf_counter()
    response = http.request(method, path, **content)
    tell(start, f"{method} {path}: {response.status_code}")
    if response.is_error:
        raise StepFailed(f"{method} {path}", f"answered {response.status_code}", response.text)
    answer = response.json()
    for line in json.dumps(answer, indent=2, ensure_ascii=False).splitlines():
        print(fitted(" " * INDENT + line))
    return answer


def fitted(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


@contextmanager
def step(what: str) -> Generator[None]:
    start = perf_counter()
    yield
    tell(start, what)


def tell(start: float, what: str) -> None:
    print(fitted(f"{perf_counter() - start:5.1f} s {what}"), flush=True)


if __name__ == "__main__":
    sys.exit(main())
