"""A question that a later release asks is answered for older projects by its default, which must switch nothing off."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from bedplate import releases
from bedplate.answers import collect, default
from bedplate.engine import Form, Template, choices, opened
from bedplate.source import Source
from bedplate.trees import Tree, rendered

from tests import template

from .history import append, change

LATER = """
metrics:
  type: str
  help: Does it count its requests?
  choices: [prometheus, none]
  default: DEFAULT
"""


@pytest.mark.parametrize("release", releases.names())
def test_no_release_switches_anything_off(release: str, tmp_path: Path) -> None:
    older = releases.unpack(release, tmp_path / "older")
    assert list(_switched_off(older, _newest(tmp_path / "newest"))) == []


@pytest.mark.parametrize(("choice", "off"), [("prometheus", False), ("none", True)])
def test_a_default_that_switches_something_off_is_found(tmp_path: Path, choice: str, *, off: bool) -> None:
    older = _newest(tmp_path / "older")
    later = Source(folder=tmp_path / "later", address="later", release="v99.0.0")
    shutil.copytree(older.folder, later.folder)
    change(later.folder / "copier.yml", "_exclude:", "_exclude:\n  - \"{{ '**/metrics*' if metrics == 'none' }}\"")
    append(later.folder / "copier.yml", LATER.replace("DEFAULT", choice))

    assert ("service/platform/metrics.py" in list(_switched_off(older, later))) is off


def _newest(folder: Path) -> Source:
    return Source(folder=template.put(folder), address="newest", release="v98.0.0")


def _switched_off(older: Source, later: Source) -> Iterator[str]:
    """Names the files that an update takes from a project, though another answer to a new question would keep them."""
    with opened(older) as old, opened(later) as new:
        if not (questions := Form(new, Path("shop")).asked - Form(old, Path("shop")).asked):
            return
        for answers in template.legal()[:1]:
            given = {name: value for name, value in answers.items() if name not in questions}
            before, after = _made(old, given), _made(new, given)
            for question in questions:
                for choice in _choices(new, question):
                    yield from (before.keys() & _made(new, given | {question: choice}).keys()) - after.keys()


def _made(opened_template: Template, given: dict[str, object]) -> Tree:
    return rendered(opened_template, "shop", collect(Form(opened_template, Path("shop")), given, default))


def _choices(opened_template: Template, name: str) -> list[str]:
    form = Form(opened_template, Path("shop"))
    for question in form.questions():
        if question.var_name == name:
            return list(choices(question))
        form.record(question.var_name, default(question))
    return []
