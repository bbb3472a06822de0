"""Asks a person, in the terminal, with Copier's own prompts."""

import sys

from questionary import unsafe_prompt
from typer import echo

from bedplate.engine import Question
from bedplate.errors import Refusal
from bedplate.questions import option


def ask(question: Question) -> object:
    """Asks one question, with its help and its default; one that leaves no choice is told, not asked.

    Raises:
        Refusal: There is no terminal to ask in.
        KeyboardInterrupt: The person backed out.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refusal(
            f"There is no terminal to ask in: {question.get_message().strip()}\n"
            f"Add --defaults, and options such as {option(question.var_name)} for what shall differ."
        )
    structure = question.get_questionary_structure() | {"qmark": "?"}
    if structure["type"] == "select" and len(structure["choices"]) == 1:
        [only] = structure["choices"]
        echo(f"? {structure['message'].strip()}  {only.title}")
        return only.value
    return unsafe_prompt([structure])[question.var_name]
