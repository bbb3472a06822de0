"""The questions as `copier.yml` states them, read without Copier, whose import takes longer than a help page may.

Only what a help page shows is read here. What depends on answers (a rendered default, a validator, whether a question
matters at all) is left to Copier, in `bedplate.answers`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Question:
    """One question that is asked.

    Attributes:
        name: The answer's name in the answers file.
        help: The question itself.
        choices: The values to choose from; empty for free text, and where they depend on other answers.
        default: As shown to people.
        multiple: Any number of the choices may be taken.
    """

    name: str
    help: str
    choices: tuple[str, ...]
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
    with (template / "copier.yml").open("rb") as file:
        entries = yaml.load(file, _Loader)  # noqa: S506 A SafeLoader.
    questions = {name: entry for name, entry in entries.items() if not name.startswith("_")}
    return [_question(name, entry) for name, entry in questions.items() if entry.get("when") is not False]


class _Loader(yaml.SafeLoader):
    """Passes over `!include`, which only hidden questions use."""


def _ignore(_loader: yaml.SafeLoader, _node: yaml.Node) -> None:
    return None


_Loader.add_constructor("!include", _ignore)


def _question(name: str, entry: Mapping[str, object]) -> Question:
    return Question(
        name=name,
        help=str(entry.get("help", name)),
        choices=tuple(_values(entry.get("choices", ()))),
        default=_shown(entry.get("default", "")),
        multiple=bool(entry.get("multiselect", False)),
    )


def _values(choices: object) -> Iterable[str]:
    """Takes the values out of Copier's spellings of choices: a mapping of labels, or a list of values or pairs."""
    match choices:
        case Mapping():
            pairs: Iterable[object] = choices.values()
        case list() | tuple():
            pairs = [choice[1] if isinstance(choice, list) else choice for choice in choices]
        case _:  # A template that renders to a list: known only when the questions are asked.
            pairs = ()
    for value in pairs:
        yield str(value["value"] if isinstance(value, Mapping) else value)


def _shown(default: object) -> str:
    if isinstance(default, str) and "{" in default:
        return "derived"
    if isinstance(default, list):
        return ", ".join(map(str, default)) or "none"
    return str(default) if default != "" else "empty"
