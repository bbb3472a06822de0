"""The wizard, at the keyboard of a real terminal."""

import shlex
from pathlib import Path

import pytest
from bedplate import questions

from .support import BACKSPACE, CTRL_C, CTRL_D, DOWN, ENTER, ROOT, Command, answers, same_project

COLUMNS = pytest.mark.parametrize("columns", [60, 140])


@COLUMNS
def test_asks_every_question_that_matters(small: Command, work: Path, columns: int) -> None:
    with small.in_terminal("new", "shop", cwd=work, columns=columns) as terminal:
        terminal.answer("What is it called?", " desk" + ENTER)
        terminal.answer("Whose is it?", "Ann" + ENTER)
        terminal.answer("At which address?", "a@b.org" + ENTER)
        terminal.answer("How many workers?", ENTER)
        terminal.answer("Which more ways to talk to it?", " " + DOWN + " " + ENTER)
        terminal.answer("Where is its data?", DOWN + ENTER)
        terminal.answer("How do its events travel?", DOWN + ENTER)
        terminal.see("On which shore?  The only one")
        terminal.answer("Make it?", ENTER)
        terminal.see("cd shop")
        assert terminal.exit_code() == 0

    assert answers(work / "shop") == {
        "_src_path": answers(work / "shop")["_src_path"],
        "project_name": "shop desk",
        "author": "Ann",
        "email": "a@b.org",
        "workers": 2,
        "api": ["grpc"],
        "database": "postgresql",
        "broker": "kafka",
        "region": "home",
    }


@COLUMNS
def test_defaults_are_a_keystroke_each(bedplate: Command, work: Path, columns: int) -> None:
    """On the real template: what is asked, in which order, and what comes of nothing but Enter."""
    with bedplate.in_terminal("new", "asked", "--project-name", "Shop", cwd=work, columns=columns) as terminal:
        for question in questions.read(ROOT):
            if question.name not in {"project_name", "author_email"}:
                terminal.see(question.help.split()[0])
                terminal.send(ENTER) if len(question.choices) != 1 else terminal.see(question.help)
        terminal.answer("Make it?", ENTER)
        terminal.see("make run")
        assert terminal.exit_code() == 0
        assert "What is the service called?" not in terminal.text

    assert bedplate("new", "told", "--defaults", "--project-name", "Shop", cwd=work).returncode == 0
    assert same_project(work / "asked", work / "told")


def test_asks_only_for_what_is_not_given(small: Command, work: Path) -> None:
    given = ["--project-name", "x", "--workers", "3", "--api", "", "--database", "postgresql", "--broker", "memory"]
    with small.in_terminal("new", "shop", *given, "--email", "a@b.org", cwd=work) as terminal:
        terminal.answer("Whose is it?", "Ann" + ENTER)
        terminal.answer("Make it?", ENTER)
        terminal.see("is ready")
        assert terminal.exit_code() == 0
        assert [line[:15] for line in terminal.text.splitlines() if line.startswith("?")] == [
            "? Whose is it?", "? On which shor", "? Make it? Yes",
        ]  # fmt: skip

    assert answers(work / "shop")["email"] == "a@b.org"


def test_a_given_choice_may_depend_on_what_is_asked(small: Command, work: Path) -> None:
    with small.in_terminal("new", "shop", "--broker", "kafka", "--author", "", "--api", "", cwd=work) as terminal:
        terminal.answer("What is it called?", ENTER)
        terminal.answer("How many workers?", ENTER)
        terminal.answer("Where is its data?", DOWN + ENTER)
        terminal.answer("Make it?", ENTER)
        assert terminal.exit_code() == 0

    assert answers(work / "shop")["broker"] == "kafka"


def test_a_given_answer_without_meaning_is_refused_once_that_is_known(small: Command, work: Path) -> None:
    with small.in_terminal("new", "shop", "--project-name", "x", "--email", "a@b.org", cwd=work) as terminal:
        terminal.answer("Whose is it?", ENTER)
        terminal.see("--email is not asked while author is empty")
        assert terminal.exit_code() == 2

    assert not any(work.iterdir())


@COLUMNS
def test_a_bad_answer_can_be_mended(small: Command, work: Path, columns: int) -> None:
    given = ["--author", "", "--api", "", "--database", "sqlite"]
    with small.in_terminal("new", "shop", *given, cwd=work, columns=columns) as terminal:
        terminal.answer("What is it called?", "1" + ENTER)
        terminal.see("'shop1' must hold small letters.")
        terminal.answer("What is it called?", BACKSPACE + "s" + ENTER, times=2)
        terminal.answer("How many workers?", "x" + ENTER)
        terminal.see("'2x' is not of type int.")
        terminal.answer("How many workers?", BACKSPACE + "1" + ENTER, times=2)
        terminal.answer("How do its events travel?", DOWN + ENTER)
        terminal.answer("Make it?", ENTER)
        assert terminal.exit_code() == 0

    assert answers(work / "shop")["project_name"] == "shops"
    assert answers(work / "shop")["workers"] == 21
    assert answers(work / "shop")["broker"] == "memory"


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
@pytest.mark.parametrize("answered", [0, 1])
def test_backing_out_leaves_nothing(small: Command, work: Path, key: str, answered: int) -> None:
    with small.in_terminal("new", "deep/shop", cwd=work) as terminal:
        for question in ["What is it called?"][:answered]:
            terminal.answer(question, ENTER)
        if answered == 0:
            terminal.answer("What is it called?", BACKSPACE * 4)  # Ctrl-D backs out of an empty line only.
        terminal.answer(["What is it called?", "Whose is it?"][answered], key)
        terminal.see("Stopped. Nothing was written.")
        assert terminal.exit_code() == 130
        assert "Traceback" not in terminal.text

    assert not any(work.iterdir())


def test_a_bad_option_is_refused_before_the_first_question(small: Command, work: Path) -> None:
    with small.in_terminal("new", "shop", "--broker", "kafak", cwd=work) as terminal:
        terminal.see("Did you mean kafka?")
        assert terminal.exit_code() == 2
        assert "What is it called?" not in terminal.text


def test_a_target_that_does_not_fit_is_refused_before_the_first_question(small: Command, work: Path) -> None:
    (work / "shop").write_text("mine")
    with small.in_terminal("new", "shop", cwd=work) as terminal:
        terminal.see("is not a folder")
        assert terminal.exit_code() == 2


@COLUMNS
def test_shows_what_will_be_made_before_it_is(bedplate: Command, work: Path, columns: int) -> None:
    given = ["--preset", "service", "--author-name", "", "--description", "It's here", "--project-slug", "shop"]
    given += ["--framework", "fastapi"]
    with bedplate.in_terminal("new", "my shop", *given, cwd=work, columns=columns) as terminal:
        terminal.answer("What is the service called?", ENTER)
        terminal.see("Make it?")
        assert not any(work.iterdir())
        shown = terminal.text
        terminal.send(ENTER)
        terminal.see("make run")
        assert terminal.exit_code() == 0

    for text in ("database      postgresql", "broker        rabbitmq", "├── contract/  ", "│   ├── domain/  "):
        assert text in shown
    assert max(map(len, shown.splitlines())) <= columns

    command = shown[shown.index("bedplate new") : shown.index("? Make it?")].replace("\\\n", " ")
    again = [part.replace("my shop", "again") for part in shlex.split(command)][1:]
    assert bedplate(*again, "--project-name", "My shop", cwd=work).returncode == 0
    assert same_project(work / "my shop", work / "again")


@pytest.mark.parametrize("key", ["n", CTRL_C, CTRL_D])
def test_backing_out_of_the_last_question_leaves_nothing(small: Command, work: Path, key: str) -> None:
    given = ["--author", "", "--api", "", "--database", "sqlite", "--broker", "memory", "--workers", "1"]
    with small.in_terminal("new", "deep/shop", *given, cwd=work) as terminal:
        terminal.answer("What is it called?", ENTER)
        terminal.answer("Make it?", key)
        terminal.see("Stopped. Nothing was written.")
        assert terminal.exit_code() == 130

    assert not any(work.iterdir())
