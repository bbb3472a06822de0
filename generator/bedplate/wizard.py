"""Asks a person, in the terminal, with Copier's own prompts."""

import sys
from shutil import get_terminal_size
from textwrap import fill

from questionary import unsafe_prompt
from typer import echo

from bedplate.answers import Misfit, checked, default
from bedplate.engine import Question
from bedplate.errors import Refusal
from bedplate.questions import option


def ask(question: Question) -> object:
    """Asks one question, with its help and its default, until the answer fits; tells one that leaves no choice.

    Raises:
        Refusal: There is no terminal to ask in, or the default does not fit the answers before it.
        KeyboardInterrupt: The person backed out; `EOFError` likewise.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refusal(
            f"There is no terminal to ask in: {question.get_message().strip()}\n"
            f"Add --defaults, and options such as {option(question.var_name)} for what shall differ."
        )
    default(question)  # Refuses one that does not fit, on which the prompt would fail.
    prompt = question.get_questionary_structure() | {"qmark": "?"}
    if prompt["type"] == "select" and len(prompt["choices"]) == 1:
        [only] = prompt["choices"]
        echo(f"? {prompt['message'].strip()}  {only.title}")
        return only.value
    return _ask_until_it_fits(question, prompt)


def confirm(text: str) -> None:
    """Shows what will be done, and asks whether to.

    Raises:
        KeyboardInterrupt: The person would rather not.
    """
    echo(text)
    answer = unsafe_prompt([{"type": "confirm", "name": "go", "message": "Make it?", "qmark": "?", "default": True}])
    if not answer["go"]:
        raise KeyboardInterrupt


def _ask_until_it_fits(question: Question, prompt: dict[str, object]) -> object:
    """Complains in lines of its own: the prompt's validator has one, which a narrow terminal cuts off."""
    prompt = {key: value for key, value in prompt.items() if key not in {"filter", "validate"}}
    while True:
        answer = unsafe_prompt([prompt])[question.var_name]
        try:
            return checked(question, answer)
        except Misfit as misfit:
            echo(fill(misfit.reason.strip(), get_terminal_size().columns))
        if isinstance(answer, str) and prompt["type"] == "input":
            prompt["default"] = answer
