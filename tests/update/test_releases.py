"""From every release to the next: what the owner did not touch follows, what they did survives."""

from collections.abc import Sequence

import copier
import pytest
from bedplate import releases
from bedplate.merge import Kind
from bedplate.update import update

from tests import template
from tests.frameworks import FRAMEWORKS
from tests.variants.pairwise import pairwise

from . import history, owner
from .conftest import Make
from .history import NEXT, change, clashes, commit, git, tree

MADE = [
    (release, answers)
    for release in releases.names()
    for answers in pairwise(template.legal())
    if history.offers(release, answers)
]


def _cases(made: Sequence[tuple[str, template.Answers]]) -> pytest.MarkDecorator:
    names = [f"{release}-{template.name_of(answers)}" for release, answers in made]
    return pytest.mark.parametrize(("release", "answers"), made, ids=names)


EVERY, ONE = _cases(MADE), _cases(MADE[-1:])
EACH_FRAMEWORK = _cases([*{answers["framework"]: (release, answers) for release, answers in MADE}.values()])


def test_an_owner_of_every_framework_is_known() -> None:
    """A framework that is added needs an entry in `owner.WORK`, or nothing here tries it."""
    assert owner.WORK.keys() == FRAMEWORKS.keys()


def test_the_next_release_changes_every_layer() -> None:
    """A layer that is added needs an entry in `history.LATER`."""
    layers = {folder.name.strip("{}") for folder in (template.ROOT / "template").iterdir() if folder.is_dir()}
    assert history.LATER.keys() == layers >= {"shared", *FRAMEWORKS}


@EVERY
def test_an_untouched_project_becomes_what_the_next_release_makes(
    made: Make, originals: Make, release: str, answers: template.Answers
) -> None:
    project = made(release, answers)

    outcome = update(project, origin=None, ref=None)

    assert tree(project) == tree(originals(NEXT, answers))
    assert {change.kind for change in outcome.changes} == {Kind.ADDED, Kind.CHANGED, Kind.REMOVED}


@EVERY
def test_edits_survive_and_the_rest_follows(made: Make, release: str, answers: template.Answers) -> None:
    project, expected = made(release, answers), made(NEXT, answers)
    owner.edit(project, answers)
    commit(project, "Mine")
    owner.edit(expected, answers)

    outcome = update(project, origin=None, ref=None)

    assert clashes(project) == []
    assert tree(project) == tree(expected)
    assert {change.kind for change in outcome.changes} == {Kind.ADDED, Kind.CHANGED, Kind.REMOVED}


@pytest.mark.parametrize("edited", [False, True])
@EACH_FRAMEWORK
def test_plain_copier_comes_to_the_same(made: Make, release: str, answers: template.Answers, *, edited: bool) -> None:
    ours, theirs = made(release, answers), made(release, answers)
    for project in (ours, theirs):
        if edited:
            owner.edit(project, answers)
            commit(project, "Mine")

    update(ours, origin=None, ref=None)
    copier.run_update(theirs, defaults=True, overwrite=True, quiet=True)

    assert tree(ours) == tree(theirs)


@ONE
def test_a_clash_is_marked_in_that_file_only(made: Make, release: str, answers: template.Answers) -> None:
    ours, theirs = made(release, answers), made(release, answers)
    for project in (ours, theirs):
        change(project / "README.md", "## Start", "## Begin")
        commit(project, "Mine")

    outcome = update(ours, origin=None, ref=None)
    copier.run_update(theirs, defaults=True, overwrite=True, quiet=True)

    assert [change.path for change in outcome.changes if change.kind is Kind.CONFLICT] == ["README.md"]
    assert clashes(ours) == ["README.md"]
    assert git(ours, "diff", "--name-only", "--diff-filter=U") == "README.md\n"
    assert "<<<<<<< before updating\n## Begin\n=======\n## How to start\n>>>>>>> after updating" in (
        (ours / "README.md").read_text()
    )
    assert tree(ours) == tree(theirs)
    assert history.status(ours) == history.status(theirs)


@ONE
def test_a_removed_file_is_not_made_again_and_a_kept_one_is_named(
    made: Make, release: str, answers: template.Answers
) -> None:
    project = made(release, answers)
    (project / "Makefile").unlink()  # The next release changes it,
    change(project / ".editorconfig", "root", "# mine\nroot")  # and has this no more.
    (project / "scripts" / "hello").mkdir(parents=True)  # Where it has a file now.
    (project / "scripts" / "hello" / "x").write_text("x")
    commit(project, "Mine")

    outcome = update(project, origin=None, ref=None)

    told = {change.path: change.kind for change in outcome.changes if change.reason}
    assert told == {"Makefile": Kind.ABSENT, ".editorconfig": Kind.KEPT, "scripts/hello": Kind.CONFLICT}
    assert not (project / "Makefile").exists()
    assert "# mine" in (project / ".editorconfig").read_text()
    assert (project / "scripts" / "hello" / "x").read_text() == "x"


@ONE
def test_what_git_ignores_is_never_touched(made: Make, release: str, answers: template.Answers) -> None:
    project = made(release, answers)
    change(project / ".gitignore", ".env\n", ".env\nNEWS.md\n")
    commit(project, "Mine")
    for name in ("NEWS.md", ".env"):
        (project / name).write_text("mine\n")

    outcome = update(project, origin=None, ref=None)

    assert [change.reason for change in outcome.changes if change.path == "NEWS.md"] == ["Git ignores it"]
    assert (project / "NEWS.md").read_text() == (project / ".env").read_text() == "mine\n"


@ONE
def test_a_project_may_be_in_a_folder_of_a_repository(
    made: Make, originals: Make, release: str, answers: template.Answers
) -> None:
    project = made(release, answers)
    (project / ".git").rename(project.parent / ".git")
    change(project / "README.md", "## Start", "## Begin")
    commit(project.parent, "Moved")

    update(project, origin=None, ref=None)

    assert clashes(project) == ["README.md"]
    assert git(project.parent, "diff", "--name-only", "--diff-filter=U") == "shop/README.md\n"
    assert tree(project).keys() == tree(originals(NEXT, answers)).keys()


@ONE
def test_the_answers_file_follows_however_it_was_formatted(
    made: Make, originals: Make, release: str, answers: template.Answers
) -> None:
    project = made(release, answers)
    answers_file = project / ".copier-answers.yml"
    answers_file.write_text(answers_file.read_text().replace(": ", ":   ") + "# Mine.\n")
    commit(project, "Mine")

    update(project, origin=None, ref=None)

    assert tree(project) == tree(originals(NEXT, answers))


@ONE
def test_the_second_update_changes_nothing(made: Make, release: str, answers: template.Answers) -> None:
    project = made(release, answers)
    update(project, origin=None, ref=None)
    commit(project, "Updated")

    assert update(project, origin=None, ref=None).changes == []
    assert history.status(project) == []
