"""The one place that reaches behind Copier's documented functions.

`copier.run_copy` asks and renders in one go. Bedplate asks first, checks, and only then renders, into another folder
than the one that the project will be in; and it carries its template in a wheel while projects name the public
repository. Copier has no public API for either, so its worker, template and question classes are used here and nowhere
else.
pyproject.toml bounds Copier below its next major release, and `tests/cli/` holds what is made to what Copier makes.
"""
# ruff: noqa: SLF001

import io
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager, redirect_stderr
from functools import cache, cached_property
from pathlib import Path
from typing import Any, override

from copier._jinja_ext import SandboxedEnvironment
from copier._main import Worker
from copier._template import Template
from copier._types import MISSING
from copier._user_data import AnswersMap, Question
from copier._vcs import get_git
from copier.errors import DirtyLocalWarning
from jinja2.meta import find_undeclared_variables
from plumbum import TF, ProcessExecutionError

from bedplate.errors import Failure, Refusal
from bedplate.source import Source

__all__ = [
    "MISSING",
    "Form",
    "Question",
    "Template",
    "UnknownRevision",
    "choices",
    "conditions",
    "is_older",
    "opened",
    "render",
]


class UnknownRevision(Refusal):
    """A repository has no such tag, branch or commit."""


@contextmanager
def opened(source: Source, ref: str | None = None, name: str | None = None) -> Generator[Template]:
    """Opens a template; a repository is cloned into a temporary folder, which goes in the end.

    Args:
        source: The template.
        ref: A tag, branch or commit of a repository; `HEAD` takes uncommitted changes along; else the newest release.
        name: The address that projects record, if it is not the one that the template is taken from.

    Raises:
        UnknownRevision: There is no such revision.
        Refusal: There is no choice of revisions.
        Failure: Git cannot clone the repository.
    """
    template = _template(source, ref)
    try:
        _clone(template)
        template.url = name or template.url
        yield template
    finally:
        template._cleanup()


def _clone(template: Template) -> None:
    try:
        # Copier remarks on missing tags and uncommitted changes: of no use to whoever makes a project.
        with redirect_stderr(io.StringIO()), warnings.catch_warnings(action="ignore", category=DirtyLocalWarning):
            _ = template.local_abspath  # A cached property that clones.
    except ValueError as error:
        raise UnknownRevision(f"--vcs-ref: {error}.\nName a tag, a branch or a commit of {template.url}.") from error
    except ProcessExecutionError as error:
        raise Failure(f"Git cannot clone {template.url}.\n{error.stderr.strip().rpartition('\n')[2]}") from error


def _template(source: Source, ref: str | None) -> Template:
    if source.release is None:
        return Template(url=source.address, ref=ref)
    if ref is not None:
        raise Refusal(
            "--vcs-ref: an installed Bedplate has one release of the template only.\n"
            "Leave the option out, or work in a checkout."
        )
    template = Template(url=source.address)
    # What Copier would learn from Git, which the copy in a wheel comes without. All three are cached properties.
    template.vcs = None
    template.commit = source.release
    template.local_abspath = source.folder
    return template


def is_older(one: Template, other: Template) -> bool:
    """Whether one revision of a repository came before another, both of them cloned."""
    if one.commit_hash == other.commit_hash:
        return False
    history = get_git(other.local_abspath)["merge-base", "--is-ancestor", one.commit_hash, other.commit_hash]
    return bool(history & TF)


class _Worker(Worker):
    """Does once what Copier does for every file again, and leaves Git alone."""

    @override
    def _sync_git_index_executable_bit(self, dst_relpath: Path, src_mode: int) -> None:
        """Copier asks Git about each file that it writes, and here no repository knows them yet."""

    @cached_property
    @override
    def jinja_env(self) -> SandboxedEnvironment:
        environment = super().jinja_env
        # Each folder's name is a template, which Copier would compile again for each file in it.
        environment.from_string = cache(environment.from_string)  # pyrefly: ignore[method-assign]
        return environment

    @cached_property
    @override
    def answers_relpath(self) -> Path:
        return super().answers_relpath


def _worker(template: Template, folder: Path, answers: Mapping[str, object] | None = None) -> Worker:
    worker = _Worker(src_path=template.url, dst_path=folder, data=dict(answers or {}), defaults=True, quiet=True)
    worker.template = template  # A cached property, which would open the template anew.
    return worker


class Form:
    """The template's questions, put for one project."""

    def __init__(self, template: Template, target: Path) -> None:
        """Starts with no answers but those of a project that is already in `target`."""
        self._worker = _worker(template, target)
        self._worker.answers = AnswersMap(last=self._worker.subproject.last_answers, metadata=template.metadata)

    @property
    def asked(self) -> set[str]:
        """The names of the questions that somebody may be asked."""
        questions = self._worker.template.questions_data
        return {name for name, details in questions.items() if details.get("when") is not False}

    def questions(self) -> Generator[Question]:
        """Goes through the questions in order, hidden ones too, each in the light of the answers recorded before it."""
        for name, details in self._worker.template.questions_data.items():
            yield Question(
                var_name=name,
                answers=self._worker.answers,
                context=self._worker._render_context(),
                jinja_env=self._worker.jinja_env,
                settings=self._worker.settings,
                **details,
            )

    def record(self, name: str, answer: object) -> None:
        self._worker.answers.user[name] = answer

    def message(self) -> str:
        """Renders what is said once the project is made: `_message_after_copy`."""
        return self._worker._render_string(self._worker.template.message_after_copy)


def choices(question: Question) -> dict[str, str]:
    """Lists a question's choices, as they are given on a command line, and why each is out of question ("" if not)."""
    return {str(choice.value): choice.disabled or "" for choice in question._formatted_choices}


def conditions(question: Question) -> dict[str, Any]:
    """Lists the answers that a question's `when` looks at, and what they are."""
    names = find_undeclared_variables(question.jinja_env.parse(str(question.when)))
    return {name: question.context[name] for name in sorted(names) if name in question.context}


def render(template: Template, folder: Path, answers: Mapping[str, object]) -> None:
    """Renders a project into a folder; asks nothing.

    Raises:
        Failure: The template is faulty, or the disk is full.
    """
    try:
        _worker(template, folder, answers).run_copy()
    except Exception as error:
        raise Failure(f"The template could not be rendered: {type(error).__name__}: {error}") from error
