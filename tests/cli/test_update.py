"""`bedplate update` and `bedplate set`: what they refuse, what they say, and that they change all or nothing."""

import fcntl
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from bedplate import main

from .support import ANSWERS, Caller, Ended, answers, commit, git, tree

ALL = ["api=graphql,grpc", "database=postgresql", "broker=kafka", "author=Ann", "email=ann@example.org"]


@pytest.fixture
def shop(small_checkout: Path, call_small: Caller, work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of the small template's first release, which has a second one; the caller stands in it."""
    git(small_checkout, "init", "--quiet")
    release(small_checkout, "v1.0.0")
    assert call_small("new", "shop", "--defaults").code == 0
    (small_checkout / "template" / "later.txt").write_text("later\n")
    release(small_checkout, "v1.1.0")
    project = work / "shop"
    git(project, "init", "--quiet")
    (project / ".gitignore").write_text(".env\n")
    commit(project, "As it was made")
    monkeypatch.chdir(project)
    return project


def release(checkout: Path, name: str) -> None:
    commit(checkout, name)
    git(checkout, "tag", name)


def edit_answers(**changes: object) -> Callable[[Path], None]:
    def edit(project: Path) -> None:
        path = project / ANSWERS
        answers = {**yaml.safe_load(path.read_text()), **changes}
        path.write_text(yaml.safe_dump({name: value for name, value in answers.items() if value is not None}))
        commit(project, "By hand")

    return edit


def write(name: str, content: str, *, committed: bool = False) -> Callable[[Path], None]:
    def edit(project: Path) -> None:
        (project / name).write_text(content)
        if committed:
            commit(project, "By hand")

    return edit


def nothing(_: Path) -> None: ...


def forget_git(project: Path) -> None:
    (project / ".git").rename(project.parent / "elsewhere")


def stand_deeper(project: Path) -> None:
    os.chdir(project / "sqlite")


def stand_above(project: Path) -> None:
    os.chdir(project.parent)


type Case = tuple[Callable[[Path], None], list[str], list[str]]

UPDATES: dict[str, Case] = {
    "a change": (write("README.md", "mine"), [], ["not committed: README.md.", "git stash"]),
    "an unknown file": (write("later.txt", "mine"), [], ["not committed: later.txt."]),
    "no repository": (forget_git, [], ["in no Git repository", "git init"]),
    "a folder in it": (stand_deeper, [], ["no project's folder", "The project is "]),
    "a folder around it": (stand_above, [], ["no project's folder", "--project"]),
    "another folder": (nothing, ["--project", "nowhere"], ["nowhere is no project's folder"]),
    "no YAML": (write(ANSWERS, "a: [", committed=True), [], [f"{ANSWERS} cannot be read", "Restore"]),
    "no answers": (write(ANSWERS, "x", committed=True), [], [f"{ANSWERS} holds no answers", "Restore"]),
    "no revision": (edit_answers(_commit=None), [], ["does not say _commit", "Restore"]),
    "a number as the revision": (edit_answers(_commit=1), [], ["does not say _commit", "Restore"]),
    "no template": (edit_answers(_src_path=None), [], ["does not say _src_path", "Restore"]),
    "an unknown revision": (edit_answers(_commit="v0.9.0"), [], ["is at v0.9.0", "has no such revision", "--from"]),
    "an option as the revision": (edit_answers(_commit="--all"), [], ["is at --all", "has no such revision"]),
    "an unknown choice": (edit_answers(database="oracle"), [], ["database has no choice 'oracle'", "Restore"]),
    "choices that clash": (edit_answers(broker="kafka"), [], ["broker cannot be 'kafka'", "Restore"]),
    "an unknown question": (edit_answers(databse="sqlite"), [], ["databse: ", "no such question", "Restore"]),
    "a hidden question": (edit_answers(shouted="X"), [], ["shouted: ", "no such question", "Restore"]),
    "an answer too few": (edit_answers(workers=None), [], ["workers has no answer", "Restore"]),
    "an answer too many": (edit_answers(email="a@b.org"), [], ["email is not asked", "Restore"]),
    "a text that does not fit": (edit_answers(project_name="1"), [], ["'1' must hold small", "Restore"]),
    "a release that is not there": (nothing, ["--vcs-ref", "v7"], ["--vcs-ref", "v7", "Name a tag"]),
}


@pytest.mark.parametrize(("prepare", "arguments", "told"), UPDATES.values(), ids=UPDATES)
def test_an_update_refuses(
    shop: Path, call_small: Caller, prepare: Callable[[Path], None], arguments: list[str], told: list[str]
) -> None:
    prepare(shop)
    before = tree(shop)

    assert_refused(call_small("update", *arguments), told)
    assert tree(shop) == before


SETS = {
    "no answer": (["database"], ["database is no answer", "database=postgresql"]),
    "twice": (["workers=1", "workers=2"], ["workers is given twice"]),
    "an unknown question": (["databas=sqlite"], ["databas: ", "no such question", "Did you mean database?"]),
    "a hidden question": (["shouted=X"], ["shouted: ", "no such question"]),
    "an unknown choice": (["database=postgres"], ["database has no choice 'postgres'. Did you mean postgresql?"]),
    "a clash": (["broker=kafka"], ["broker cannot be 'kafka': needs a server"]),
    "no number": (["workers=many"], ["workers 'many' is not of type int"]),
    "without meaning": (["email=a@b.org"], ["email is not asked while author is empty"]),
    "another framework": (["framework=gin"], ["framework cannot be changed", "another project", "bedplate new"]),
}


@pytest.mark.parametrize(("arguments", "told"), SETS.values(), ids=SETS)
def test_set_refuses(shop: Path, call_small: Caller, arguments: list[str], told: list[str]) -> None:
    before = tree(shop)

    assert_refused(call_small("set", *arguments), told)
    assert tree(shop) == before


def test_set_refuses_what_another_answer_needs(shop: Path, call_small: Caller) -> None:
    assert call_small("set", *ALL).code == 0
    commit(shop, "All")
    before = tree(shop)

    assert_refused(call_small("set", "database=sqlite"), ["broker cannot be 'kafka'", "bedplate set broker=…"])
    assert tree(shop) == before
    assert call_small("set", "database=sqlite", "broker=memory").code == 0


def test_goes_to_the_release_that_is_named(small_checkout: Path, shop: Path, call_small: Caller) -> None:
    (small_checkout / "template" / "latest.txt").write_text("latest\n")
    release(small_checkout, "v1.2.0")

    assert call_small("update", "--vcs-ref", "v1.1.0").out.startswith("shop: v1.0.0 to v1.1.0\n")
    assert (shop / "later.txt").exists()
    assert not (shop / "latest.txt").exists()


def test_takes_the_template_from_elsewhere_this_once(
    small_checkout: Path, shop: Path, call_small: Caller, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(small_checkout), "fork")
    (tmp_path / "fork" / "template" / "forked.txt").write_text("forked\n")
    release(tmp_path / "fork", "v1.2.0")

    ended = call_small("update", "--from", tmp_path / "fork")

    assert ended.out.startswith("shop: v1.0.0 to v1.2.0\n")
    assert (shop / "forked.txt").read_text() == "forked\n"
    assert answers(shop).items() >= {"_src_path": str(small_checkout), "_commit": "v1.2.0"}.items()


def test_a_template_that_is_not_there_is_told(shop: Path, call_small: Caller, tmp_path: Path) -> None:
    before = state(shop)

    ended = call_small("update", "--from", tmp_path / "nowhere.git")

    assert (ended.code, ended.out) == (1, "")
    assert "nowhere.git" in ended.err
    assert state(shop) == before


def test_a_project_does_not_go_back(shop: Path, call_small: Caller) -> None:
    assert call_small("update").code == 0
    commit(shop, "Updated")
    before = tree(shop)

    assert_refused(call_small("update", "--vcs-ref", "v1.0.0"), ["is at v1.1.0, and v1.0.0 is older", "Name a later"])
    assert tree(shop) == before


def test_only_one_command_is_at_work(shop: Path, call_small: Caller) -> None:
    handle = os.open(shop, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)

    assert_refused(call_small("update"), ["at work"])
    os.close(handle)
    assert call_small("update").code == 0


def test_tells_what_was_done_and_what_is_to_do(shop: Path, call_small: Caller) -> None:
    ended = call_small("update", "--project", ".")

    assert (ended.code, ended.err) == (0, "")
    assert "shop: v1.0.0 to v1.1.0\n" in ended.out
    assert "  added     later.txt\n" in ended.out
    assert "git diff" in ended.out
    assert "\x1b" not in ended.out

    commit(shop, "Updated")
    assert call_small("update").out == "shop is at v1.1.0, and nothing is to be changed.\n"


def test_set_tells_which_answers(shop: Path, call_small: Caller) -> None:
    (shop / "sqlite" / "note.txt").write_text("mine\n")
    commit(shop, "Mine")

    ended = call_small("set", *ALL)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(
        "shop: v1.0.0\n  author: empty to Ann\n  email: new, ann@example.org\n  api: graphql to graphql, grpc\n"
    )
    assert "  kept      sqlite/note.txt (you changed it" in ended.out
    assert "Data is not migrated" in ended.out
    assert "until its outbox and its queues are empty, then start the one on kafka" in " ".join(ended.out.split())


@pytest.mark.usefixtures("shop")
def test_a_new_question_is_answered_by_its_default_and_told(small_checkout: Path, call_small: Caller) -> None:
    questions = small_checkout / "copier.yml"
    questions.write_text(questions.read_text() + "\nlater:\n  type: str\n  help: What came later?\n  default: x\n")
    release(small_checkout, "v1.2.0")

    ended = call_small("update")

    assert ended.out.startswith("shop: v1.0.0 to v1.2.0\n  later: new, x\n")


def test_settings_that_changed_are_told_if_env_has_them(small_checkout: Path, shop: Path, call_small: Caller) -> None:
    example = "template/.env.example.jinja"
    (small_checkout / example).write_text("#URL={{ database }}://\n#SAME=1\n")
    release(small_checkout, "v1.2.0")
    assert call_small("update").code == 0
    commit(shop, "Updated")
    (shop / ".env").write_text("URL=sqlite://here\nSAME=2\n#OTHER=3\n")

    ended = call_small("set", "database=postgresql")

    assert "it sets URL, which has changed" in " ".join(ended.out.split())
    assert (shop / ".env").read_text().startswith("URL=sqlite://here\n")


# ------------------------------------------------------------------------------ all or nothing


def cut(patch: pytest.MonkeyPatch, number: int, act: Callable[[], None]) -> None:
    """Does something before the nth rename or removal: each step of an update is one, and the last is the journal's."""
    left, replace, unlink = number, Path.replace, Path.unlink

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            act()

    def counted_replace(path: Path, target: Path) -> Path:
        count()
        return replace(path, target)

    def counted_unlink(path: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 As it is.
        count()
        unlink(path, missing_ok=missing_ok)

    patch.setattr(Path, "replace", counted_replace)
    patch.setattr(Path, "unlink", counted_unlink)


def test_an_interruption_changes_nothing(shop: Path, call_small: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    before, renames = state(shop), 0

    for number in range(1, 99):
        with monkeypatch.context() as patch:
            cut(patch, number, _interrupt)
            ended = call_small("set", *ALL)
        if ended.code == 0:
            renames = number
            break
        assert (ended.code, ended.err) == (130, "\nStopped. Nothing was changed.\n")
        assert state(shop) == before

    assert renames > 5


def _interrupt() -> None:
    raise KeyboardInterrupt


def test_a_full_disk_changes_nothing(shop: Path, call_small: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(shop)

    def full() -> None:
        raise OSError(28, "No space left on device", "x")

    cut(monkeypatch, 4, full)
    ended = call_small("set", *ALL)

    assert (ended.code, ended.err) == (1, "Error: x: No space left on device. Nothing was changed.\n")
    assert state(shop) == before


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_what_a_killed_command_left_is_taken_back_by_the_next(shop: Path, call_small: Caller) -> None:
    """With a clash among the changes, which Git is told of last."""
    (shop / "README.md").write_text("mine\n")
    commit(shop, "Mine")
    before, states = state(shop), 0

    for number in range(1, 99):
        if not _killed(number, "set", *ALL):
            break
        states += (shop / ".bedplate-update").exists()
        assert git(shop, "status", "--porcelain", "--", ".bedplate-update") == ""
        ended = call_small("set", "workers=2")
        assert (ended.code, ended.err, ended.out) == (0, "", "shop is at v1.0.0, and nothing is to be changed.\n")
        assert state(shop) == before

    assert states > 5
    assert "UU README.md" in git(shop, "status", "--porcelain")


def _killed(number: int, *arguments: str) -> bool:
    """Runs the command in a child that is killed at its nth step; false if it had fewer."""
    if not (child := os.fork()):
        patch = pytest.MonkeyPatch()
        cut(patch, number, lambda: os.kill(os.getpid(), signal.SIGKILL))
        patch.setattr(sys, "argv", ["bedplate", *arguments])
        try:
            main.main()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def state(project: Path) -> object:
    """What its owner and Git see of a project."""
    files = {name: file for name, file in tree(project).items() if not name.startswith(".git/")}
    return files, git(project, "status", "--porcelain"), git(project, "ls-files", "--stage")


def assert_refused(ended: Ended, told: list[str]) -> None:
    assert ended.code == 2, ended
    assert ended.out == ""
    assert ended.err.startswith("Error: ")
    assert ended.err.count("\n") <= 2
    for text in told:
        assert text in ended.err
