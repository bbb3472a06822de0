"""From every choice to every other of its question, and back, in the template as it is now."""

import shutil
from itertools import permutations
from pathlib import Path

import copier
import pytest
from bedplate.merge import Kind
from bedplate.update import answer

from tests import template

from . import owner
from .conftest import Make
from .history import NEXT, append, clashes, commit, differing, status, tree

CHOICES = {name: list(entry.get("choices", {}).values()) for name, entry in template.questions().items()}
DEFAULTS = template.legal()[0]
PAIRS = [
    (framework, name, before, after)
    for framework in CHOICES["framework"]
    for name in CHOICES.keys() - {"framework"}
    for before, after in permutations(CHOICES[name], 2)
]
PAIRS.sort()
ELSE = {
    "project_name": "Web shop",
    "project_slug": "web-shop",
    "author_name": "Ann",
    "author_email": "ann@example.org",
    "database": "postgresql",
    "broker": "kafka",
}
FROM_DEFAULT = [pair for pair in PAIRS if DEFAULTS["framework"] == pair[0] and DEFAULTS[pair[1]] == pair[2]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All pairs of the first framework; those from a default of the others, but for `make test-all`."""
    if metafunc.function is test_an_answer_changes_and_changes_back:
        every = metafunc.config.getoption("--all")
        pairs = [pair for pair in PAIRS if every or pair[0] == DEFAULTS["framework"] or DEFAULTS[pair[1]] == pair[2]]
        metafunc.parametrize(("framework", "name", "before", "after"), pairs)


def test_an_answer_changes_and_changes_back(made: Make, framework: str, name: str, before: str, after: str) -> None:
    answers = DEFAULTS | {"framework": framework}
    project, other = made(NEXT, answers | {name: before}), made(NEXT, answers | {name: after})
    own = _own_file(project, other)
    owner.edit(project, answers)
    append(project / own, "\n// Mine.\n")
    commit(project, "Mine")
    original = tree(project)

    there = answer(project, {name: after})

    owner.edit(other, answers)
    (other / own).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(project / own, other / own)  # It was changed, so it is kept.
    assert tree(project) == tree(other)
    assert [change.path for change in there.changes if change.kind is Kind.KEPT] == [own]
    assert clashes(project) == []

    commit(project, "There")
    changed = tree(project)
    back = answer(project, {name: before})

    assert tree(project) == original
    assert {change.path for change in back.changes if change.kind is Kind.ADDED} == original.keys() - changed.keys()
    assert {change.path for change in back.changes if change.kind is Kind.REMOVED} == changed.keys() - original.keys()
    assert Kind.CHANGED in {change.kind for change in back.changes}


@pytest.mark.parametrize(("framework", "name", "before", "after"), FROM_DEFAULT)
def test_plain_copier_comes_to_the_same(made: Make, framework: str, name: str, before: str, after: str) -> None:
    """As long as no file of the old choice was changed, which Copier removes, and no entry beside its own in a list."""
    answers = DEFAULTS | {"framework": framework, name: before}
    ours, theirs = made(NEXT, answers), made(NEXT, answers)
    for project in (ours, theirs):
        for do in owner.EDITS:
            do(project, answers)
        commit(project, "Mine")

    answer(ours, {name: after})
    copier.run_update(theirs, data={name: after}, vcs_ref=NEXT, defaults=True, overwrite=True, quiet=True)

    assert tree(ours) == tree(theirs)


def test_what_plain_copier_cannot(made: Make) -> None:
    """It removes what the owner changed of the old choice, and takes a neighbour in a list for a clash."""
    ours, theirs = made(NEXT, DEFAULTS), made(NEXT, DEFAULTS)
    for project in (ours, theirs):
        append(project / "service/adapters/database/sqlite.py", "\n# Mine.\n")
        owner.add_a_dependency(project, DEFAULTS)
        commit(project, "Mine")

    answer(ours, {"database": "postgresql"})
    given = {"database": "postgresql"}
    copier.run_update(theirs, data=given, vcs_ref=NEXT, defaults=True, overwrite=True, quiet=True)

    assert differing(tree(ours), tree(theirs)) == {"service/adapters/database/sqlite.py", "pyproject.toml"}
    assert not (theirs / "service/adapters/database/sqlite.py").exists()
    assert clashes(theirs) == ["pyproject.toml"]


def test_several_answers_change_at_once_and_texts_too(made: Make) -> None:
    project, other = made(NEXT, DEFAULTS), made(NEXT, {**DEFAULTS, **ELSE})

    outcome = answer(project, ELSE)

    assert tree(project) == tree(other)
    before = DEFAULTS | {"project_name": "Shop", "project_slug": "shop", "author_name": "", "author_email": None}
    assert outcome.answers == {name: (before[name], value) for name, value in ELSE.items()}


def test_the_same_answer_changes_nothing(made: Make) -> None:
    project = made(NEXT, DEFAULTS)

    assert answer(project, DEFAULTS).changes == []
    assert status(project) == []


def _own_file(project: Path, other: Path) -> str:
    """Some source file that the one has and the other has not."""
    return min(name for name in tree(project).keys() - tree(other).keys() if Path(name).suffix in {".py", ".ts", ".go"})
