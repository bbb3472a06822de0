"""The questions as `copier.yml` states them, read without Copier, whose import takes longer than a help page may.

Only what a help page shows is read here. What depends on answers (a rendered default, a validator, whether a question
matters at all) is left to Copier, in `bedplate.answers`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Question:
    """One question that is asked.

    Attributes:
        name: The answer's name in the answers file.
        help: The question itself.
        choices: The values to choose from, each with its label; empty for free text, and where they depend on other
            answers.
        default: As shown to people.
        multiple: Any number of the choices may be taken.
    """

    name: str
    help: str
    choices: Mapping[str, str]
    default: str
    multiple: bool

    @property
    def option(self) -> str:
        return option(self.name)


def option(name: str) -> str:
    """Spells an answer's name as a command-line option."""
    return f"--{name.replace('_', '-')}"


def read(template: Path) -> list[Question]:
    """Reads the questions that are asked, in order, from the folder that holds `copier.yml`."""
    return [_question(name, entry) for name, entry in asked(load(template)).items()]


def load(template: Path) -> dict[str, Any]:
    """Reads all of `copier.yml`, from the folder that holds it, but for what it includes."""
    with (template / "copier.yml").open("rb") as file:
        return yaml.load(file, _Loader)  # noqa: S506 A SafeLoader.


def asked(entries: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Picks the questions that somebody is asked, by name, out of what `load` has read."""
    questions = {name: entry for name, entry in entries.items() if not name.startswith("_")}
    return {name: entry for name, entry in questions.items() if entry.get("when") is not False}


def complete(questions: Sequence[Question], before: Sequence[str], incomplete: str) -> list[str]:
    """Completes `name=value`, which zsh and fish take for one word, and bash for three."""
    known = {question.name: list(question.choices) for question in questions}
    last = next((word for word in reversed(before) if word != "="), "")
    if last in known:  # In bash, which has taken `database=` apart.
        return [value for value in known[last] if value.startswith(incomplete)]
    name, equals, start = incomplete.partition("=")
    if equals:
        return [f"{name}={value}" for value in known.get(name, ()) if value.startswith(start)]
    return [f"{other}=" for other in known if other.startswith(name)]


class _Loader(yaml.SafeLoader):
    """Passes over `!include`, which only hidden questions use."""


def _ignore(_loader: yaml.SafeLoader, _node: yaml.Node) -> None:
    return None


_Loader.add_constructor("!include", _ignore)


def _question(name: str, entry: Mapping[str, object]) -> Question:
    return Question(
        name=name,
        help=str(entry.get("help", name)),
        choices=_choices(entry.get("choices", ())),
        default=_default(entry.get("default", "")),
        multiple=bool(entry.get("multiselect", False)),
    )


def _choices(choices: object) -> dict[str, str]:
    """Reads Copier's spellings of choices: a mapping of labels, or a list of values or of pairs."""
    pairs: Iterable[tuple[object, object]]
    match choices:
        case Mapping():
            pairs = choices.items()
        case list() | tuple():
            pairs = [(choice[0], choice[1]) if isinstance(choice, list) else (choice, choice) for choice in choices]
        case _:  # A template that renders to a list: known only when the questions are asked.
            pairs = ()
    return {str(value["value"] if isinstance(value, Mapping) else value): str(label) for label, value in pairs}


def _default(default: object) -> str:
    return "derived" if isinstance(default, str) and "{" in default else shown(default)


def shown(value: object) -> str:
    """Puts an answer into words."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) if value != "" else "empty"
