"""Help and version: quick, plain, and complete by copier.yml alone."""

import sys
from pathlib import Path

import pytest
from bedplate import releases
from copier._template import load_template_config

from .support import ROOT, Command, command_of

COPIERS = load_template_config(ROOT / "copier.yml")


@pytest.fixture(scope="module")
def here() -> Command:
    return command_of(ROOT)


@pytest.mark.parametrize("columns", [60, 140])
@pytest.mark.parametrize("arguments", [[], ["--help"], ["new", "--help"]])
def test_help_fits_the_terminal_and_is_plain(here: Command, tmp_path: Path, arguments: list[str], columns: int) -> None:
    done = here(*arguments, cwd=tmp_path, COLUMNS=str(columns), TERM="xterm-256color")

    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= columns


def test_every_question_is_an_option(here: Command, tmp_path: Path) -> None:
    text = " ".join(here("new", "--help", cwd=tmp_path, COLUMNS="140").stdout.split())

    for name, details in COPIERS.items():
        if name.startswith("_"):
            continue
        option = f"--{name.replace('_', '-')}"
        if details.get("when") is False:
            assert f"{option} " not in text
        else:
            values = [str(value) for value in details.get("choices", {}).values()]
            assert f"{option} {'|'.join(values) or 'TEXT'} {details['help']}" in text
            assert values == [] or f"[default: {details['default']}]" in text.partition(details["help"])[2]


def test_options_are_grouped(here: Command, tmp_path: Path) -> None:
    text = here("new", "--help", cwd=tmp_path).stdout

    titles = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert [title.partition(":")[0] for title in titles] == [
        "Usage", "Arguments", "Options", "About the project", "Choices",
    ]  # fmt: skip
    assert text.index("About the project:") < text.index("--project-name") < text.index("Choices:")
    assert text.index("Choices:") < text.index("--database")


def test_several_choices_are_told(small: Command, tmp_path: Path) -> None:
    text = " ".join(small("new", "--help", cwd=tmp_path, COLUMNS="140").stdout.split())

    assert "--api graphql|grpc Which more ways to talk to it? (several: with commas) [default: graphql]" in text
    assert "--broker memory|kafka How do its events travel? [default: memory]" in text
    assert "--workers TEXT How many workers? [default: 2]" in text


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_a_quick_answer_imports_nothing_slow(here: Command, tmp_path: Path, arguments: list[str]) -> None:
    script = (
        "import sys; from bedplate.main import main; sys.argv[1:] = sys.argv[2:]\n"
        "try: main()\n"
        "finally: print([name for name in ('copier', 'rich', 'yaml') if name in sys.modules], file=sys.stderr)"
    )
    command = Command((sys.executable, "-c", script, "bedplate"), here.environment)

    assert command(*arguments, cwd=tmp_path).stderr == "[]\n"


def test_version(here: Command, tmp_path: Path) -> None:
    done = here("--version", cwd=tmp_path)

    assert done.returncode == 0
    assert done.stdout == f"bedplate {releases.names()[-1].removeprefix('v')}\n"


def test_only_one_module_reaches_behind_copier() -> None:
    """What a major release of Copier may move is in one place."""
    package = ROOT / "generator" / "bedplate"

    assert [path.name for path in package.glob("*.py") if "copier._" in path.read_text()] == ["engine.py"]
