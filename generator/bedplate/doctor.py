"""Says what a project needs on this machine, and whether it is there."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size, which
from textwrap import wrap
from typing import Any
from urllib.parse import urlsplit

import yaml

from bedplate import record, source
from bedplate.answers import Given, check_given, collect, default
from bedplate.engine import Form, opened

PATIENCE = 2.0
_PORTS = {"postgresql": 5432, "postgres": 5432, "mongodb": 27017, "redis": 6379, "rediss": 6379}
_PORTS |= {"amqp": 5672, "amqps": 5671, "kafka": 9092, "http": 80, "https": 443}


@dataclass(frozen=True)
class Tool:
    """A program that a project runs.

    Attributes:
        name: What it is called.
        command: That prints its version.
        least: The oldest version that will do.
        remedy: How to come by it.
        needed: False if the project gets it by itself.
    """

    name: str
    command: Sequence[str]
    least: tuple[int, ...]
    remedy: str
    needed: bool = True


_EVERY = (
    Tool("Git", ("git", "--version"), (2, 30), "install it: updates are made with it"),
    Tool("make", ("make", "--version"), (3, 81), "install it: every verb of the project is a target"),
)
_PYTHON = (
    Tool("uv", ("uv", "--version"), (0, 5), "make setup fetches it into the project", needed=False),
    Tool("Python", ("python3", "--version"), (3, 13), "make setup fetches it, by uv", needed=False),
)
TOOLS: Mapping[str, Sequence[Tool]] = {
    "fastapi": _PYTHON,
    "django": _PYTHON,
    "express": (
        Tool("Node.js", ("node", "--version"), (20,), "install Node.js 20 or newer"),
        Tool("npm", ("npm", "--version"), (10,), "install it; it comes with Node.js"),
    ),
    "gin": (
        Tool("Go", ("go", "version"), (1, 26), "install Go 1.26 or newer, from https://go.dev/dl"),
        Tool("a C compiler", ("gcc", "--version"), (1,), "make test looks for races with it", needed=False),
    ),
}


@dataclass(frozen=True)
class Finding:
    """What was found of one thing.

    Attributes:
        name: What was looked for.
        there: Whether it is there; `None` if it does not have to be.
        detail: The version, or where it should be; and the remedy.
    """

    name: str
    there: bool | None
    detail: str


def examine(folder: Path, given: Given) -> Iterator[Finding]:
    """Looks for all that a stack needs: a project's, with other answers if they are given, or that of the answers.

    Raises:
        Refusal: An answer does not fit.
    """
    project = folder.resolve()
    recorded = record.read(project).answers if (project / record.FILE).is_file() else {}
    template = source.find()
    with opened(template) as opened_template:
        form = Form(opened_template, project)
        check_given(form, given)
        answers = collect(form, given, lambda question: recorded.get(question.var_name, default(question)))
    for tool in (*_EVERY, *TOOLS.get(str(answers["framework"]), ())):
        yield _look_for(tool)
    settings = {**_read_env(project / ".env"), **os.environ}
    for name, usual in _urls(template.folder, answers):
        yield from _call(name, settings.get(name, usual))


def _look_for(tool: Tool) -> Finding:
    least = ".".join(map(str, tool.least))
    absent = False if tool.needed else None
    if which(tool.command[0]) is None:
        return Finding(tool.name, absent, f"not found, {least} or newer: {tool.remedy}")
    done = subprocess.run(tool.command, capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    version = found[0] if found else "of unknown version"
    if found and tuple(map(int, version.split("."))) < tool.least:
        return Finding(tool.name, absent, f"{version} is older than {least}: {tool.remedy}")
    return Finding(tool.name, there=True, detail=version)


def _urls(template: Path, answers: Given) -> Iterator[tuple[str, str]]:
    """Lists the settings that say where a chosen server is, with their defaults."""
    options: list[dict[str, Any]] = yaml.safe_load((template / "options.yml").read_bytes())
    for entry in options:
        if _is_chosen(entry, answers):
            for setting in entry.get("settings", ()):
                if setting["type"] == "url" and (default_ := str(setting.get("default", ""))):
                    yield setting["name"], default_


def _is_chosen(entry: Mapping[str, Any], answers: Given) -> bool:
    answer = answers.get(entry.get("question", ""))
    return entry.get("choice") in answer if isinstance(answer, list) else entry.get("choice") == answer


def _call(name: str, url: str) -> Iterator[Finding]:
    """Connects to each server that a URL names; one that names none is a file."""
    parts = urlsplit(url)
    if parts.scheme.endswith("+srv"):
        yield Finding(name, None, f"{parts.hostname}: not tried, since its servers are found by DNS")
        return
    for place in filter(None, parts.netloc.rpartition("@")[2].split(",")):
        host, _, port = place.rpartition(":") if re.search(r":\d+$", place) else (place, "", "")
        number = int(port or _PORTS.get(parts.scheme, 0))
        yield _connect(name, host.strip("[]"), number)


def _connect(name: str, host: str, port: int) -> Finding:
    with suppress(OSError), socket.create_connection((host, port), PATIENCE):
        return Finding(name, there=True, detail=f"{host}:{port} answers")
    return Finding(name, there=False, detail=f"{host}:{port} does not answer: start the server, or set {name}")


def _read_env(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    found = re.findall(r"^([A-Z][A-Z0-9_]*)=(.*)$", path.read_text(errors="replace"), re.MULTILINE)
    return {name: value.strip().strip("'\"") for name, value in found}


def told(findings: Sequence[Finding]) -> str:
    """Lists the findings, and sums them up."""
    lines = [line for finding in findings for line in _row(finding, max(len(finding.name) for finding in findings))]
    missing = sum(finding.there is False for finding in findings)
    return "\n".join([*lines, "", f"{missing} missing." if missing else "All that is needed is there."])


def _row(finding: Finding, width: int) -> list[str]:
    mark = {True: "ok", False: "missing", None: "-"}[finding.there]
    start = f"  {mark:7}  {finding.name:{width}}  "
    return wrap(finding.detail, get_terminal_size().columns, initial_indent=start, subsequent_indent=" " * len(start))
