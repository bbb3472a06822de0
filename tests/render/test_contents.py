"""What the files of all projects have in common: they parse, are formatted, and hold nothing of the template."""

import json
import re
import subprocess
import sys
import tomllib
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from tests import template

from .project import USUAL, Distinct, Project, distinct, expect_none

# GitHub's expressions look like Jinja's.
TAG = re.compile(r"(?<!\$)\{\{|\{%|\{#|%\}|#\}")
# A file that is copied as it is may have braces of its own; but nothing in it can be meant for Copier.
MEANT_FOR_COPIER = re.compile(rf"\{{\{{-? *(?:{'|'.join(template.configuration())})\b|\{{%|%\}}")
BLANKS = re.compile(r"[ \t\r]$", re.MULTILINE)


def compile_python(each: Distinct) -> None:
    with warnings.catch_warnings(action="error"):
        compile(each.content, each.path, "exec", dont_inherit=True)


def make_nothing(each: Distinct) -> None:
    """Lets make read it, and look for the recipe of every verb."""
    verbs = " ".join(re.findall(r"^\.PHONY:(.*)", each.text, re.MULTILINE)).split()
    assert verbs, "no verbs"
    assigned = re.findall(r"^(\w+) *[:?]?=", each.text, re.MULTILINE)
    asked_for = {f"{name}=x" for name in re.findall(r"\$\((\w+)\)", each.text) if name not in assigned}
    for verb in verbs:
        done = subprocess.run(
            ["make", "--dry-run", "--warn-undefined-variables", f"--file={each.path}", verb, *asked_for],
            cwd=each.project.folder,
            check=True,
            capture_output=True,
            timeout=20,
        )
        assert b"Nothing to be done" not in done.stdout, done.stdout.decode()


def _nothing(_: Distinct) -> None: ...


PARSERS: dict[str, Callable[[Distinct], object]] = {
    ".py": compile_python,
    ".yml": lambda each: list(yaml.safe_load_all(each.text)),
    ".yaml": lambda each: list(yaml.safe_load_all(each.text)),
    ".toml": lambda each: tomllib.loads(each.text),
    ".json": lambda each: json.loads(each.text),
    "Makefile": make_nothing,
}


def test_there_is_something_to_look_at(projects: list[Project], contents: list[Distinct]) -> None:
    assert len(contents) < sum(len(project.files) for project in projects) or len(projects) == 1
    assert {".py", ".toml", ".yaml"} <= {each.suffix for each in contents}


def test_everything_parses(contents: list[Distinct]) -> None:
    def complaint(each: Distinct) -> str | None:
        parse = PARSERS.get(each.suffix) or PARSERS.get(each.name) or _nothing
        try:
            parse(each)
        except subprocess.CalledProcessError as error:
            return error.stderr.decode()
        except Exception as error:  # noqa: BLE001 Every parser has its own.
            return str(error)
        return None

    _expect_none(contents, complaint)


def test_nothing_of_the_template_is_left_over(contents: list[Distinct]) -> None:
    rendered = {"/".join(name.parts[2:]).removesuffix(".jinja") for name in template.files() if name.suffix == ".jinja"}

    def complaint(each: Distinct) -> str | None:
        found = (TAG if each.path in rendered else MEANT_FOR_COPIER).search(each.text)
        return found and _line(each, found)

    _expect_none(contents, complaint)


def test_no_line_ends_with_blanks(contents: list[Distinct]) -> None:
    def complaint(each: Distinct) -> str | None:
        return (found := BLANKS.search(each.text)) and _line(each, found)

    _expect_none(contents, complaint)


def test_no_two_lines_in_a_row_are_empty(contents: list[Distinct]) -> None:
    """In Python they may be; there the formatter has its say."""

    def complaint(each: Distinct) -> str | None:
        return (found := re.search(r"\n\n\n", each.text)) and _line(each, found)

    _expect_none((each for each in contents if ".py" not in each.name), complaint)


def test_every_file_ends_with_one_line_break(contents: list[Distinct]) -> None:
    def complaint(each: Distinct) -> str | None:
        return "does not" if each.text and re.search(r"(?<!\n)\n\Z", each.text) is None else None

    _expect_none(contents, complaint)


def test_no_folder_is_empty(projects: list[Project]) -> None:
    expect_none(folder for project in projects for folder in project.empty_folders)


def test_python_is_formatted_and_passes_the_projects_own_lint(projects: list[Project], tmp_path: Path) -> None:
    """The files of all projects in one tree; of those that differ one after the other, each looked at once."""
    expect_none(_ruff_each((each for each in projects if each.texts == USUAL), tmp_path))


def test_any_text_passes_the_projects_own_lint(projects: list[Project], tmp_path: Path) -> None:
    expect_none(_ruff_each((each for each in projects if each.texts != USUAL), tmp_path))


def test_all_projects_of_a_framework_ask_the_same_of_their_code(projects: list[Project]) -> None:
    """Or else they would have to be looked at apart."""
    for framework, own in _by_framework(projects).items():
        asked = {json.dumps(tomllib.loads(each.text("pyproject.toml"))["tool"]["ruff"]) for each in own}
        assert len(asked) == 1, framework


def _by_framework(projects: Iterable[Project]) -> Mapping[str, list[Project]]:
    """Those in Python; each framework has habits of its own."""
    found: dict[str, list[Project]] = defaultdict(list)
    for project in projects:
        if "pyproject.toml" in project.files:
            found[project.answers["framework"]].append(project)
    return found


def _ruff_each(projects: Iterable[Project], folder: Path) -> Iterator[str]:
    for framework, own in _by_framework(projects).items():
        (folder / framework).mkdir()
        yield from _ruff(distinct(own), folder / framework)


def _ruff(contents: Sequence[Distinct], folder: Path) -> Iterator[str]:
    (folder / "pyproject.toml").write_text(contents[0].project.text("pyproject.toml"))
    rounds = _rounds(each for each in contents if each.suffix == ".py")
    for each_round in rounds:  # The first has every path, so imports are told apart as in a whole project.
        for each in each_round:
            path = folder / each.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(each.content)
        paths = [each.path for each in each_round]
        for command in (["format", "--diff"], ["check", "--output-format=concise"]):
            done = subprocess.run(
                [sys.executable, "-m", "ruff", *command, "--no-cache", *paths],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                yield f"{done.stdout}{done.stderr}of {_origins(each_round)}"


def _origins(contents: Iterable[Distinct]) -> str:
    return ", ".join(sorted({repr(each.project) for each in contents}))


def _rounds(contents: Iterable[Distinct]) -> list[list[Distinct]]:
    """Puts the first content of every path into the first round, the second into the second, and so on."""
    rounds: list[list[Distinct]] = []
    seen: dict[str, int] = {}
    for each in contents:
        number = seen[each.path] = seen.get(each.path, -1) + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(each)
    return rounds


def _expect_none(contents: Iterable[Distinct], complaint: Callable[[Distinct], str | None]) -> None:
    expect_none(f"{each}: {found}" for each in contents if (found := complaint(each)))


def _line(each: Distinct, found: re.Match[str]) -> str:
    number = each.text.count("\n", 0, found.start()) + 1
    return f"line {number}: {each.text.splitlines()[number - 1]!r}"
