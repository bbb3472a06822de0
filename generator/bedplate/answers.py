"""Brings together what was given, what was asked and what was left to the defaults: the answers of one project.

Every answer goes through `checked`, wherever it came from, and is held to what `copier.yml` says of its question.
"""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

from bedplate.engine import MISSING, Form, Question, choices, conditions
from bedplate.errors import Refusal
from bedplate.questions import option, shown

type Given = Mapping[str, object]
"""Answers by name, as text or of their type; several choices as a sequence, or in one text with commas between them."""


class Misfit(Refusal):
    """An answer does not fit; it is called by its option, unless it came another way.

    Attributes:
        name: Of the question.
        reason: What is wrong and what to do, as the rest of a sentence that begins with the name.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{option(name)}{reason}")
        self.name, self.reason = name, reason


def collect(form: Form, given: Given, ask: Callable[[Question], object]) -> dict[str, object]:
    """Goes through the form.

    Args:
        form: The questions.
        given: Answers that are not asked for again.
        ask: Answers every other question that matters: `default`, or a person.

    Returns:
        The answers to the questions that matter, in the order of the questions.

    Raises:
        Misfit: An answer does not fit, or was given to a question that is not asked.
    """
    answers: dict[str, object] = {}
    for question in form.questions():
        name = question.var_name
        if question.get_when():
            answers[name] = checked(question, given[name] if name in given else ask(question))
            form.record(name, answers[name])
        elif name in given:
            raise _without_meaning(question)
        elif (value := default(question)) is not MISSING:
            form.record(name, value)
    return answers


def check_given(form: Form, given: Given) -> None:
    """Checks what was given before a person is asked for the rest.

    Which choices are open and which questions matter may depend on answers still to come: that is left to `collect`. A
    validator in `copier.yml` looks at its own answer only.

    Raises:
        Misfit: There is no such question or choice, or a text does not fit.
    """
    if unknown := sorted(given.keys() - form.asked):
        near = get_close_matches(unknown[0], form.asked, n=1)
        remedy = f"Did you mean {near[0]}?" if near else "Leave it out."
        raise Misfit(unknown[0], f": this release of the template has no such question.\n{remedy}")
    for question in form.questions():
        if question.var_name not in given:
            continue
        if question.choices:
            _check_known(question, _listed(question, given[question.var_name]))
        else:
            checked(question, given[question.var_name])


def default(question: Question) -> object:
    """Answers a question by its default; `MISSING` where it has none.

    Raises:
        Misfit: The default does not fit the answers before it.
    """
    try:
        return question.get_default()
    except (TypeError, ValueError) as error:
        raise Misfit(question.var_name, f" has no default here: {error}\nGive it an answer.") from error


def checked(question: Question, answer: object) -> object:
    """Turns an answer into a value of the question's type, and holds it to the choices and the validator.

    Raises:
        Misfit: It does not fit.
    """
    name = question.var_name
    if answer is MISSING:
        raise Misfit(name, " has no default.\nGive it an answer.")
    if question.choices:
        listed = _listed(question, answer)
        _check_known(question, listed)
        _check_open(question, listed)
    try:
        value = question.parse_answer(_listed(question, answer) if question.multiselect else answer)
    except (TypeError, ValueError) as error:
        raise Misfit(name, f" {answer!r} is not of type {question.get_type_name()}.") from error
    if complaint := question.render_value(question.validator, {name: value}).strip():
        raise Misfit(name, f" {answer!r} {complaint}.")
    return value


def _listed(question: Question, answer: object) -> list[str]:
    texts = map(str, answer) if isinstance(answer, (list, tuple)) else [str(answer)]
    if not question.multiselect:
        return list(texts)
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def _check_known(question: Question, answers: Sequence[str]) -> None:
    known = choices(question)
    for answer in answers:
        if answer not in known:
            near = get_close_matches(answer.lower(), known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise Misfit(question.var_name, f" has no choice {answer!r}.{hint}\nChoose from: {', '.join(known)}.")


def _check_open(question: Question, answers: Sequence[str]) -> None:
    reasons = choices(question)
    for answer in answers:
        if reasons[answer]:
            raise Misfit(question.var_name, f" cannot be {answer!r}: {reasons[answer]}.")


def _without_meaning(question: Question) -> Misfit:
    reasons = [f"{name} is {shown(value)}" for name, value in conditions(question).items()]
    reason = f" while {' and '.join(reasons)}" if reasons else ", with these answers or ever"
    return Misfit(question.var_name, f" is not asked{reason}.\nLeave it out, or change what it depends on.")
