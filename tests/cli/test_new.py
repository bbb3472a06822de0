"""`bedplate new` with nobody to ask: what it makes, what it says, and that a failure leaves nothing."""

import os
import shlex
import signal
import stat
import subprocess
import time
from pathlib import Path

import copier
import pytest
from bedplate import errors, project, questions

from .support import ANSWERS, PATIENCE, ROOT, Caller, Command, answers, commit, git, same_project, tree

# The template has its answers file in a layer, which a later Copier will not support.
pytestmark = pytest.mark.filterwarnings("ignore:Answers file template locations:DeprecationWarning")

REAL = questions.read(ROOT)
LAST_CHOICES = [(question.option, question.name, [*question.choices][-1]) for question in REAL if question.choices]
ABOUT = {
    "project_name": "Order desk 2",
    "project_slug": "orders",
    "description": "It's 100 % {{ curly }}: a & b; #3",
    "author_name": "Ann O'Hara, Ünal & Söhne: {% if",
    "author_email": "ann@example.org",
}


@pytest.mark.parametrize("target", ["shop", "deep/er/Web shop", ".", "1-2", "x" * 63])
def test_makes_what_copier_makes(
    checkout: Path, bedplate: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    for folder in ("ours", "theirs"):  # With a folder of the same name in each, since "." is called after it.
        (tmp_path / folder / "place").mkdir(parents=True)

    monkeypatch.chdir(tmp_path / "theirs" / "place")
    copier.run_copy(str(checkout), target, defaults=True, quiet=True)
    done = bedplate("new", "--defaults", target, cwd=tmp_path / "ours" / "place")

    assert done.returncode == 0, done.stderr
    assert same_project(tmp_path / "ours" / "place" / target, tmp_path / "theirs" / "place" / target)
    assert len(tree(tmp_path / "ours")) > 10


def test_makes_what_copier_makes_of_given_answers(checkout: Path, call: Caller, work: Path) -> None:
    copier.run_copy(str(checkout), "theirs", data=ABOUT, defaults=True, quiet=True)
    options = [part for name, value in ABOUT.items() for part in (questions.option(name), value)]

    assert call("new", "--defaults", "ours", *options).code == 0
    assert same_project(work / "ours", work / "theirs")
    assert answers(work / "ours").items() >= ABOUT.items()


@pytest.mark.parametrize(("option", "name", "choice"), LAST_CHOICES)
def test_every_choice_is_an_option(call: Caller, work: Path, option: str, name: str, choice: str) -> None:
    assert call("new", "--defaults", "shop", option, choice).code == 0
    assert answers(work / "shop")[name] in (choice, [choice])


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([], ["graphql"]),
        (["--api="], []),
        (["--api", "grpc"], ["grpc"]),
        (["--api", "grpc,graphql"], ["graphql", "grpc"]),
        (["--api", "grpc", "--api", " graphql"], ["graphql", "grpc"]),
    ],
)
def test_several_choices(call_small: Caller, work: Path, given: list[str], kept: list[str]) -> None:
    assert call_small("new", "--defaults", "shop", *given).code == 0
    assert answers(work / "shop")["api"] == kept


def test_the_answers_file_leads_back_to_the_template(checkout: Path, call: Caller, work: Path) -> None:
    assert call("new", "--defaults", "shop").code == 0

    source = answers(work / "shop")["_src_path"]
    assert source == str(checkout)
    assert Path(str(source)).is_absolute()
    assert answers(work / "shop")["_commit"] == git(checkout, "describe", "--tags", "--always")


def test_the_newest_release_is_taken_unless_told_otherwise(
    small_checkout: Path, call_small: Caller, work: Path
) -> None:
    readme = small_checkout / "template" / "README.md.jinja"
    git(small_checkout, "init", "--quiet")
    for release in ("v1.0.0", "v1.1.0"):
        readme.write_text(release)
        commit(small_checkout, release)
        git(small_checkout, "tag", release)
    readme.write_text("later")
    commit(small_checkout, "Later")
    readme.write_text("now")

    def made(*arguments: str) -> str:
        target = work / ("x" * (1 + len(list(work.iterdir()))))
        ended = call_small("new", "--defaults", target, *arguments)
        assert (ended.code, ended.err) == (0, "")
        return (target / "README.md").read_text()

    assert made() == "v1.1.0"
    assert made("--vcs-ref", "v1.0.0") == "v1.0.0"
    assert made("--vcs-ref", "HEAD") == "now"
    assert made("--vcs-ref", "HEAD~0") == "later"


@pytest.mark.parametrize(
    "target", ["shop", "./shop", "../work/my shop", "it's $HOME", ".", "{here}/absolute", "{here}/a b"]
)
def test_ends_with_the_next_commands(call: Caller, work: Path, target: str) -> None:
    target = target.format(here=work)
    ended = call("new", "--defaults", target)

    assert (ended.code, ended.err) == (0, "")
    assert "\x1b" not in ended.out
    commands = [line.strip() for line in ended.out.splitlines() if line.startswith("    ")]
    assert [shlex.split(command)[0] for command in commands] == ["cd", "make", "make", "make"]
    there = subprocess.run(["sh", "-c", f"{commands[0]} && pwd"], cwd=work, check=True, capture_output=True, text=True)
    assert Path(there.stdout.rstrip("\n")) == (work / target).resolve()


def test_a_project_is_called_after_its_folder_wherever_one_stands(call: Caller, work: Path) -> None:
    assert call("new", "--defaults", ".").code == 0
    assert answers(work)["project_name"] == "Work"


def test_an_empty_folder_is_filled_and_kept(small: Command, work: Path) -> None:
    work.chmod(0o700)
    inode = work.stat().st_ino

    assert small("new", "--defaults", ".", cwd=work).returncode == 0
    assert work.stat().st_ino == inode
    assert stat.S_IMODE(work.stat().st_mode) == 0o700
    assert sorted(path.name for path in work.iterdir()) == [ANSWERS, "README.md", "run", "sqlite"]
    assert "WORK of , in work" in (work / "README.md").read_text()


def test_the_name_is_seen_while_rendering(small: Command, work: Path) -> None:
    assert small("new", "--defaults", "deep/web shop", cwd=work).returncode == 0

    assert (work / "deep/web shop/README.md").read_text() == "WEB SHOP of , in web shop\n"
    assert os.access(work / "deep/web shop/run", os.X_OK)


BROKEN = "{{ nothing.at.all }}"
ENDLESS = "{% for _ in range(10000) %}" * 3 + "{% endfor %}" * 3


@pytest.mark.filterwarnings("ignore:.*ScandirIterator")  # Which Copier does not close when it fails.
@pytest.mark.parametrize("target", ["shop", "deep/shop", "."])
def test_a_failure_leaves_nothing(small_checkout: Path, call_small: Caller, work: Path, target: str) -> None:
    (small_checkout / "template" / "zzz.jinja").write_text(BROKEN)

    ended = call_small("new", "--defaults", target)

    assert ended.code == 1
    assert ended.err.startswith("Error: The template could not be rendered: UndefinedError: ")
    assert ended.err.count("\n") == 1
    assert not any(work.iterdir())


@pytest.mark.parametrize(
    ("target", "sent"), [("shop", signal.SIGINT), ("deep/shop", signal.SIGTERM), (".", signal.SIGINT)]
)
def test_an_interruption_leaves_nothing(
    small_checkout: Path, small: Command, work: Path, *, target: str, sent: signal.Signals
) -> None:
    (small_checkout / "template" / "zzz.jinja").write_text(ENDLESS)
    git(small_checkout, "init", "--quiet")
    commit(small_checkout, "Endless")
    scratch = small_checkout.with_name("scratch")
    scratch.mkdir()

    with subprocess.Popen(
        [*small.argv, "new", "--defaults", target],
        cwd=work,
        env={**os.environ, **small.environment, "TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _wait_for_any_file(work)
        process.send_signal(sent)
        out, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    assert (out, err.strip()) == ("", "Stopped. Nothing was written.")
    assert not any(work.iterdir())
    assert not any(scratch.iterdir())


def _wait_for_any_file(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not any(path.is_file() for path in folder.rglob("*")):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_move_that_fails_halfway_is_taken_back(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def fails_on_the_last(path: Path, target: Path) -> Path:
        if target.name == "last":
            raise OSError(28, "No space left on device", str(target))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fails_on_the_last)
    with pytest.raises(errors.Failure, match="No space left"):
        _make_two_files(work)

    assert not any(work.iterdir())


def _make_two_files(target: Path) -> None:
    with project.staged(target) as folder:
        (folder / "first").write_text("x")
        (folder / "last").write_text("x")
