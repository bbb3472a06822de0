"""Whatever does not fit exits with 2, names the question and the remedy, and leaves the disk as it was."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .support import Caller, Command, Ended, commit, git, tree

ANSWERS = {
    "a text that the validator refuses": (
        ["--project-name", "Shop 1"],
        ["--project-name", "'Shop 1'", "small letters"],
    ),
    "an empty text": (["--project-name", ""], ["--project-name", "small letters"]),
    "an unknown choice": (["--database", "oracle"], ["--database", "'oracle'", "sqlite, postgresql"]),
    "a near miss": (["--database", "Postgres"], ["--database", "Did you mean postgresql?", "sqlite, postgresql"]),
    "an empty choice": (["--database", ""], ["--database", "''", "sqlite, postgresql"]),
    "a label instead of a choice": (["--database", "SQLite file"], ["--database", "sqlite, postgresql"]),
    "one unknown of several": (["--api", "graphql,soap"], ["--api", "'soap'", "graphql, grpc"]),
    "a choice that another answer rules out": (["--broker", "kafka"], ["--broker", "'kafka'", "needs a server"]),
    "no number": (["--workers", "many"], ["--workers", "'many'", "int"]),
    "an answer without meaning": (["--email", "a@b.org"], ["--email", "author is empty", "Leave it out"]),
    "an unknown option": (["--databas", "sqlite"], ["--databas", "--database"]),
    "a hidden question": (["--shouted", "x"], ["--shouted"]),
    "an option without a value": (["--database"], ["--database"]),
    "one path too many": (["other"], ["other"]),
}


@pytest.mark.parametrize(("arguments", "told"), ANSWERS.values(), ids=ANSWERS)
def test_refuses_an_answer(call_small: Caller, work: Path, arguments: list[str], told: list[str]) -> None:
    ended = call_small("new", "shop", "--defaults", *arguments)

    _assert_refused(ended, told)
    assert not any(work.iterdir())


def test_the_refused_answers_are_taken_where_they_fit(call_small: Caller, work: Path) -> None:
    """The counterpart: none of the above is refused for another reason."""
    ended = call_small(
        "new", "shop", "--defaults", "--project-name", "a shop", "--database", "postgresql", "--api", "grpc",
        "--broker", "kafka", "--workers", "3", "--author", "Ann", "--email", "a@b.org",
    )  # fmt: skip

    assert ended.code == 0, ended.err
    assert (work / "shop").is_dir()


def test_a_bad_option_is_refused_before_the_first_question(call_small: Caller, work: Path) -> None:
    _assert_refused(call_small("new", "shop", "--database", "oracle"), ["--database"])
    assert not any(work.iterdir())


def test_asks_nothing_without_a_terminal(call_small: Caller, work: Path) -> None:
    _assert_refused(call_small("new", "shop"), ["no terminal", "What is it called?", "--defaults"])
    assert not any(work.iterdir())


def _file(work: Path) -> str:
    (work / "shop").write_text("mine")
    return "shop"


def _below_a_file(work: Path) -> str:
    return f"{_file(work)}/deep/down"


def _full(work: Path) -> str:
    (work / "shop").mkdir()
    (work / "shop" / ".hidden").write_text("mine")
    return "shop"


def _broken_link(work: Path) -> str:
    (work / "shop").symlink_to("nowhere")
    return "shop"


@pytest.mark.parametrize("make", [_file, _below_a_file, _full, _broken_link])
def test_refuses_a_target(call_small: Caller, work: Path, make: Callable[[Path], str]) -> None:
    target = make(work)
    before = tree(work)

    _assert_refused(call_small("new", target, "--defaults"), ["PATH: ", "shop"])
    assert tree(work) == before


def test_refuses_a_parent_that_is_not_writable(small: Command, work: Path) -> None:
    work.chmod(0o555)
    # To root everything is writable, but for a root without that right.
    unprivileged = ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()
    command = Command((*unprivileged, *small.argv), small.environment)

    for target in ("shop", "deep/shop", "."):
        done = command("new", target, "--defaults", cwd=work)
        _assert_refused(Ended(done.returncode, done.stdout, done.stderr), ["PATH: ", "not writable"])
    assert not any(work.iterdir())


@pytest.mark.parametrize("arguments", [["new"], ["new", "--defaults"], ["nwe", "shop"], ["--nothing"]])
def test_refuses_an_unfinished_command(call_small: Caller, work: Path, arguments: list[str]) -> None:
    _assert_refused(call_small(*arguments), [])
    assert not any(work.iterdir())


@pytest.mark.parametrize("ref", ["v9.9.9", "--defaults", "a b"])
def test_refuses_a_revision_that_is_not_there(call: Caller, work: Path, ref: str) -> None:
    _assert_refused(call("new", "shop", "--defaults", "--vcs-ref", ref), ["--vcs-ref", "Name a tag"])
    assert not any(work.iterdir())


def test_refuses_an_answer_that_the_release_does_not_ask_for(
    small_checkout: Path, call_small: Caller, work: Path
) -> None:
    questions = small_checkout / "copier.yml"
    git(small_checkout, "init", "--quiet")
    commit(small_checkout, "First")
    git(small_checkout, "tag", "v1.0.0")
    questions.write_text(questions.read_text() + "\nlater:\n  type: str\n  help: What came later?\n  default: x\n")
    commit(small_checkout, "Second")

    _assert_refused(call_small("new", "shop", "--defaults", "--later", "y"), ["--later", "no such question"])
    assert not any(work.iterdir())

    assert call_small("new", "shop", "--defaults", "--later", "y", "--vcs-ref", "HEAD").code == 0


def _assert_refused(ended: Ended, told: list[str]) -> None:
    assert ended.code == 2, ended
    assert ended.out == ""
    assert ended.err.startswith("Error: ")
    assert ended.err.count("\n") <= 2
    for text in told:
        assert text in ended.err
