"""Changes a project: to another release of its template, or to other answers.

Both are the same. The project is rendered as it was made and as it shall be, in temporary folders; what differs is
merged into what its owner has made of it; and only the outcome is carried over.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bedplate import record, repository
from bedplate.answers import Given, Misfit, check_given, collect, default
from bedplate.engine import Form, Question, Template
from bedplate.errors import Refusal
from bedplate.journal import carry_over, locked
from bedplate.merge import Change, Merge
from bedplate.origins import both
from bedplate.record import Record
from bedplate.trees import rendered

# Everything but the contract differs between two frameworks: nothing of an owner's work would fit.
_FIXED = "framework"


@dataclass(frozen=True)
class Outcome:
    """What has become of a project.

    Attributes:
        project: Its folder.
        before: The revision that it was at.
        after: The revision that it is at now.
        answers: What was answered otherwise, or not at all, before; with the old answer (`None`) and the new one.
        changes: By file.
    """

    project: Path
    before: str
    after: str
    answers: dict[str, tuple[object, object]]
    changes: list[Change]


def update(folder: Path, *, origin: str | None, ref: str | None) -> Outcome:
    """Brings a project to a release of its template.

    Args:
        folder: The project's.
        origin: The repository to take the template from, if not the one that the project records.
        ref: The revision, if not the newest release.

    Raises:
        Refusal: The project or its answers do not fit; nothing was changed.
        Failure: Git or the disk fails; nothing was changed.
    """
    with _begun(folder) as (project, recorded), both(recorded, origin, ref) as (old, new):
        if old.commit == new.commit:
            return Outcome(project, recorded.revision, recorded.revision, {}, [])
        return _change(project, recorded, {}, old, new)


def answer(folder: Path, given: Given) -> Outcome:
    """Changes answers of a project, at the release that it is at.

    Raises:
        Refusal: The project or an answer does not fit; nothing was changed.
        Failure: Git or the disk fails; nothing was changed.
    """
    with _begun(folder) as (project, recorded):
        if given.get(_FIXED, recorded.answers.get(_FIXED)) != recorded.answers.get(_FIXED):
            raise Refusal(
                f"{_FIXED} cannot be changed: a service in another framework is another project.\n"
                f"Make it with bedplate new, and move over what is yours."
            )
        with both(recorded, None, recorded.revision) as (old, new):
            return _change(project, recorded, given, old, new)


def parse(assignments: Sequence[str]) -> Given:
    """Reads `name=value`; names may be spelled as options are, with hyphens.

    Raises:
        Refusal: One is spelled otherwise, or one name is given twice.
    """
    given: dict[str, object] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        name = name.removeprefix("--").replace("-", "_")
        if not equals:
            raise Refusal(f"{assignment} is no answer.\nSpell it as name=value, such as database=postgresql.")
        if name in given:
            raise Refusal(f"{name} is given twice.\nGive it one answer; several choices with commas.")
        given[name] = value
    return given


@contextmanager
def _begun(folder: Path) -> Generator[tuple[Path, Record]]:
    project = record.find(folder)
    with locked(project):
        repository.check_clean(project)
        yield project, record.read(project)


def _change(project: Path, recorded: Record, given: Given, old: Template, new: Template) -> Outcome:
    before = _answers_before(Form(old, project), recorded)
    after = _answers_after(Form(new, project), before, given)
    merge = Merge(
        project, repository.tracked(project), lambda path, content: repository.once_held(project, path, content)
    )
    changes = merge.changes(rendered(old, project.name, before), rendered(new, project.name, after))
    carry_over(project, [change for change in changes if change.touches])
    answers = {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}
    return Outcome(project, recorded.revision, new.commit or "", answers, changes)


def _answers_before(form: Form, recorded: Record) -> dict[str, object]:
    """Holds the recorded answers to the template that recorded them: it would have taken them as they are."""

    def missing(question: Question) -> object:
        raise record.impossible(f"{question.var_name} has no answer.")

    try:
        check_given(form, recorded.answers)
        return collect(form, recorded.answers, missing)
    except Misfit as misfit:
        raise record.impossible(f"{misfit.name}{misfit.reason}") from misfit


def _answers_after(form: Form, before: Given, given: Given) -> dict[str, object]:
    """Answers as before, but for what is given; what was not asked before gets its default."""

    def as_before(question: Question) -> object:
        return before[question.var_name] if question.var_name in before else default(question)

    try:
        check_given(form, given)
        return collect(form, given, as_before)
    except Misfit as misfit:
        remedy = "" if misfit.name in given else f"\nAnswer it too: bedplate set {misfit.name}=…"
        raise Refusal(f"{misfit.name}{misfit.reason}{remedy}") from misfit
