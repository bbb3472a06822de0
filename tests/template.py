"""The template by itself, and the projects that can be made from it."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import yaml
from bedplate.answers import checked, default
from bedplate.engine import MISSING, Form, Question, choices, opened
from bedplate.errors import Refusal
from bedplate.questions import asked, load
from bedplate.source import Source
from copier import run_copy

ROOT = Path(__file__).parents[1]
PARTS = ("copier.yml", "options.yml", "fragments", "template")

type Answers = dict[str, Any]


def put(folder: Path) -> Path:
    """Copies the template into a folder: what Git knows or would know of it, without what runs leave behind.

    From a repository Copier takes a clone for each project, which costs more than the project itself.
    """
    for name in _names():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return folder


def _names() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PARTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted({name for name in listing.stdout.split("\0") if name and (ROOT / name).exists()})


@cache
def files() -> tuple[Path, ...]:
    """The template's own files, relative to the repository: layers and fragments, without the questions."""
    return tuple(Path(name) for name in _names() if name.startswith(("template/", "fragments/")))


@cache
def configuration() -> dict[str, Any]:
    """`copier.yml`, without what it includes: the options are read on their own."""
    return load(ROOT)


def questions() -> dict[str, dict[str, Any]]:
    """Those that somebody is asked, by name."""
    return asked(configuration())


def render(source: Path, folder: Path, answers: Answers) -> Path:
    """Makes a project of the given answers, out of what `put` has copied; the rest is left to the defaults."""
    run_copy(str(source), folder, data=answers, defaults=True, quiet=True)
    return folder


@cache
def options() -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load((ROOT / "options.yml").read_text()))


def labels() -> dict[tuple[str, str], str]:
    """What each choice of each question is called when it is asked."""
    return {
        (name, value["value"] if isinstance(value, dict) else value): label
        for name, entry in questions().items()
        for label, value in entry.get("choices", {}).items()
    }


def legal(folder: Path = ROOT) -> list[Answers]:
    """Every combination of choices that the questions allow, as the command understands them; the defaults first."""
    with opened(Source(folder=folder, address=str(folder), release="v0")) as template:
        return list(_complete(lambda: Form(template, folder / "nowhere"), {}))


def _complete(form: Callable[[], Form], given: Answers) -> Iterator[Answers]:
    """Goes through the questions as often as there are ways to answer them."""
    started = form()
    for question in started.questions():
        name = question.var_name
        if not question.get_when():
            if (value := default(question)) is not MISSING:
                started.record(name, value)
        elif name in given:
            started.record(name, given[name])
        elif question.choices:
            for answer in _allowed(question):
                yield from _complete(form, given | {name: answer})
            return
        else:
            started.record(name, default(question))
    yield given


def _allowed(question: Question) -> Iterator[object]:
    values = list(choices(question))
    sets = chain.from_iterable(combinations(values, size) for size in range(len(values) + 1))
    for answer in map(list, sets) if question.multiselect else values:
        try:
            yield checked(question, answer)
        except Refusal:
            continue


def chosen(answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of options.yml that belong to a project."""
    return [option for option in options() if "question" not in option or is_chosen(option, answers)]


def is_chosen(option: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
    answer = answers.get(option["question"])
    return option["choice"] in answer if isinstance(answer, list) else option["choice"] == answer


def name_of(answers: Mapping[str, Any]) -> str:
    """What a test calls a combination: `fastapi-sqlite-memory`."""
    return "-".join(
        "+".join(answer) or "rest" if isinstance(answer, list) else str(answer) for answer in answers.values()
    )
