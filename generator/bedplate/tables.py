"""What can be chosen, as a table for people or as JSON for programs."""

import json
from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from textwrap import wrap

from bedplate.presets import Preset
from bedplate.questions import Question, shown

_WIDEST = 100


def as_json(questions: Sequence[Question], presets: Sequence[Preset]) -> str:
    """Lists the questions and the presets for programs."""
    listed = [
        {
            "name": question.name,
            "option": question.option,
            "help": question.help,
            "choices": [{"value": value, "label": label} for value, label in question.choices.items()],
            "default": question.default,
            "multiple": question.multiple,
        }
        for question in questions
    ]
    sets = [{"name": preset.name, "help": preset.help, "answers": dict(preset.answers)} for preset in presets]
    return json.dumps({"questions": listed, "presets": sets}, indent=2, ensure_ascii=False)


def as_table(questions: Sequence[Question], presets: Sequence[Preset]) -> str:
    """Lists the questions that have choices, and the presets, for people."""
    return "\n".join([*_questions(questions), "", *_presets(presets)])


def _questions(questions: Sequence[Question]) -> Iterator[str]:
    chosen = [question for question in questions if question.choices]
    width = max(len(value) for question in chosen for value in question.choices)
    for question in chosen:
        yield f"{question.name}: {question.help}"
        for value, label in question.choices.items():
            mark = " [default]" if value == question.default else ""
            yield from _row(value, width, f"{label}{mark}")
    texts = ", ".join(question.name for question in questions if not question.choices)
    yield from wrap(f"And texts: {texts}.", _columns())


def _presets(presets: Sequence[Preset]) -> Iterator[str]:
    width = max(len(preset.name) for preset in presets)
    yield "--preset: What to start from?"
    for preset in presets:
        yield from _row(preset.name, width, preset.help)
        yield from _row("", width, ", ".join(f"{name}={shown(value)}" for name, value in preset.answers.items()))


def _row(name: str, width: int, text: str) -> list[str]:
    return wrap(text, _columns(), initial_indent=f"  {name:{width}}  ", subsequent_indent=" " * (width + 4))


def _columns() -> int:
    return min(get_terminal_size().columns, _WIDEST)
