"""The commands that only look: options, preview, doctor; and completion."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from bedplate import doctor, presets, questions
from bedplate.answers import collect, default
from bedplate.engine import Form, opened
from bedplate.source import Source

from .support import ROOT, Caller, Command, command_of, tree

REAL = questions.read(ROOT)
FRAMEWORKS = next(question.choices for question in REAL if question.name == "framework")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "CONSUL_URL"):
        monkeypatch.delenv(name, raising=False)


# ------------------------------------------------------------------------------ options and presets


@pytest.mark.parametrize("columns", [60, 140])
def test_options_lists_every_choice(call: Caller, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    ended = call("options")

    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert "\x1b" not in ended.out
    assert max(map(len, lines)) <= columns
    for question in REAL:
        for value in question.choices:
            assert any(line.split()[:1] == [value] for line in lines), value
        assert question.name in ended.out
    assert all(f"\n  {name} " in ended.out for name in presets.read())


def test_options_for_programs(call: Caller) -> None:
    found = json.loads(call("options", "--json").out)

    assert [question["name"] for question in found["questions"]] == [question.name for question in REAL]
    [database] = [question for question in found["questions"] if question["name"] == "database"]
    assert {"value": "mongodb", "label": "MongoDB"} in database["choices"]
    assert (database["option"], database["default"], database["multiple"]) == ("--database", "sqlite", False)
    assert {preset["name"]: preset["answers"] for preset in found["presets"]} == {
        name: dict(preset.answers) for name, preset in presets.read().items()
    }


def test_the_presets_that_were_promised_are_there() -> None:
    promised = {
        "minimal": {"database": "sqlite", "cache": "memory", "broker": "memory"},
        "service": {"database": "postgresql", "cache": "redis", "broker": "rabbitmq"},
        "streaming": {"database": "postgresql", "cache": "redis", "broker": "kafka"},
    }
    found = {name: dict(preset.answers) for name, preset in presets.read().items()}
    assert found.items() >= promised.items()
    assert found["documents"].items() >= {"database": "mongodb", "cache": "redis"}.items()


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", presets.read())
def test_every_preset_is_legal(name: str, framework: str) -> None:
    given = {"framework": framework, **presets.read()[name].answers}
    with opened(Source(folder=ROOT, address=str(ROOT), release="v0")) as template:
        assert collect(Form(template, ROOT / "nowhere"), given, default).items() >= given.items()


def test_an_option_has_the_last_word_over_a_preset(call: Caller) -> None:
    found = json.loads(call("preview", "--preset", "service", "--broker", "kafka", "--json").out)

    assert (found["answers"]["database"], found["answers"]["broker"]) == ("postgresql", "kafka")


@pytest.mark.parametrize("command", [["new", "shop"], ["preview"], ["doctor"]])
def test_an_unknown_preset_is_refused(call: Caller, work: Path, command: list[str]) -> None:
    ended = call(*command, "--preset", "servise")

    assert (ended.code, ended.out) == (2, "")
    assert "no preset 'servise'. Did you mean service?" in ended.err
    assert "minimal, service, streaming, documents" in ended.err
    assert not any(work.iterdir())


# ------------------------------------------------------------------------------ preview


def test_a_preview_is_what_is_made(call: Caller, work: Path) -> None:
    given = ("--preset", "documents", "--project-name", "Shop")
    found = json.loads(call("preview", *given, "--json").out)
    assert not any(work.iterdir())

    assert call("new", "shop", "--defaults", *given).code == 0
    made = {path.relative_to(work / "shop").as_posix(): path for path in (work / "shop").rglob("*") if path.is_file()}
    assert [file["path"] for file in found["files"]] == sorted(made)
    sizes = {file["path"]: file["bytes"] for file in found["files"] if file["path"] != ".copier-answers.yml"}
    assert sizes == {name: path.stat().st_size for name, path in made.items() if name != ".copier-answers.yml"}


def test_a_preview_is_a_tree(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    ended = call("preview", "--broker", "kafka")

    assert (ended.code, ended.err) == (0, "")
    assert "\x1b" not in ended.out
    assert "  broker        kafka\n" in ended.out
    assert "├── contract/\n│   ├── broker/\n│   │   └── kafka.md\n│   ├── asyncapi.yaml\n" in ended.out


# ------------------------------------------------------------------------------ doctor


@pytest.fixture
def server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_every_framework_has_its_tools() -> None:
    assert doctor.TOOLS.keys() >= FRAMEWORKS.keys()


def test_the_default_needs_no_server(call: Caller) -> None:
    ended = call("doctor")

    assert ended.code == 0, ended
    assert "_URL" not in ended.out
    assert "ok       Git" in ended.out
    assert ended.out.endswith("\nAll that is needed is there.\n")


def test_looks_for_the_servers_of_the_project(
    call: Caller, work: Path, monkeypatch: pytest.MonkeyPatch, server: int
) -> None:
    """In the environment, then in `.env`, then where they are by default."""
    closed = _closed_port()
    assert call("new", "shop", "--defaults", "--preset", "streaming").code == 0
    (work / "shop" / ".env").write_text(
        f"DATABASE_URL=postgresql://u:p%40@127.0.0.1:{closed}/app\n"
        f"BROKER_URL=kafka://127.0.0.1:{server},127.0.0.1:{closed}\n"
    )
    monkeypatch.setenv("DATABASE_URL", f"postgresql://127.0.0.1:{server}/app")
    monkeypatch.setenv("REDIS_URL", f"redis://[::1]:{closed}/0")
    monkeypatch.chdir(work / "shop")
    before = tree(work)

    ended = call("doctor")

    found = [line.split(maxsplit=2) for line in ended.out.splitlines() if "_URL " in line]
    assert [(mark, name, text.partition(" ")[0]) for mark, name, text in found] == [
        ("ok", "DATABASE_URL", f"127.0.0.1:{server}"),
        ("missing", "REDIS_URL", f"::1:{closed}"),
        ("ok", "BROKER_URL", f"127.0.0.1:{server}"),
        ("missing", "BROKER_URL", f"127.0.0.1:{closed}"),
    ]
    assert ended.code == 1
    assert ended.out.endswith("\n2 missing.\n")
    assert tree(work) == before


def _closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


@pytest.mark.parametrize(("version", "there"), [("2.29.1", False), ("2.30", True), ("10.1.0", True)])
def test_an_old_tool_is_told(
    call: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, there: bool
) -> None:
    (tmp_path / "git").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "git version {version}" || exec {_git()} "$@"\n'
    )
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    ended = call("doctor")

    assert (ended.code == 0) is there
    assert version in ended.out
    assert ("older than 2.30" in ended.out) is not there


def _git() -> str:
    return next(
        str(Path(folder, "git")) for folder in os.environ["PATH"].split(os.pathsep) if Path(folder, "git").is_file()
    )


# ------------------------------------------------------------------------------ completion

COMPLETIONS = {
    "a command": ("bedplate pre", ["preview"]),
    "a preset": ("bedplate new --preset s", ["service", "streaming"]),
    "a choice": ("bedplate new --database po", ["postgresql"]),
    "an answer": ("bedplate set datab", ["database="]),
    "its choices": ("bedplate set database=", [f"database={value}" for value in ("sqlite", "postgresql", "mongodb")]),
    "bash, after the name": ("bedplate set database =", ["sqlite", "postgresql", "mongodb"]),
    "bash, in the value": ("bedplate set database = m", ["mongodb"]),
    "the second answer": ("bedplate set database=sqlite bro", ["broker="]),
}


@pytest.mark.parametrize(("line", "offered"), COMPLETIONS.values(), ids=COMPLETIONS)
def test_completes(tmp_path: Path, line: str, offered: list[str]) -> None:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1), "_BEDPLATE_COMPLETE": "complete_bash"}
    here: Command = command_of(ROOT)

    assert here(cwd=tmp_path, **words).stdout.split() == offered
