"""The merge of one file, and of the lists in a manifest."""

import json
import subprocess
from pathlib import Path

import pytest
from bedplate.manifest import settle
from bedplate.merge import Kind, Merge
from bedplate.repository import once_held
from bedplate.trees import File

from .history import commit, git

BASE = File(b"one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n")
MINE = File(BASE.content.replace(b"two", b"2"))
THEIRS = File(BASE.content.replace(b"seven", b"7"))
BOTH = File(MINE.content.replace(b"seven", b"7"))
SCRIPT = File(BASE.content, executable=True)


def never(_path: str, _content: bytes) -> bool:
    return False


type Case = tuple[File | None, File | None, File | None, Kind | None, File | None]

# Base, ours, theirs; what is told, and what the project then holds (None: it is not touched).
CASES: dict[str, Case] = {
    "only theirs": (None, None, THEIRS, Kind.ADDED, THEIRS),
    "neither changed": (BASE, BASE, BASE, None, None),
    "they changed": (BASE, BASE, THEIRS, Kind.CHANGED, THEIRS),
    "they made it run": (BASE, BASE, SCRIPT, Kind.CHANGED, SCRIPT),
    "they removed": (BASE, BASE, None, Kind.REMOVED, None),
    "I changed": (BASE, MINE, BASE, None, None),
    "both the same": (BASE, THEIRS, THEIRS, None, None),
    "both, apart": (BASE, MINE, THEIRS, Kind.CHANGED, BOTH),
    "both, and mine runs": (BASE, MINE._replace(executable=True), THEIRS, Kind.CHANGED, BOTH._replace(executable=True)),
    "I removed": (BASE, None, THEIRS, Kind.ABSENT, None),
    "both removed": (BASE, None, None, None, None),
    "I changed, they removed": (BASE, MINE, None, Kind.KEPT, None),
    "mine is binary": (BASE, File(b"\0mine"), THEIRS, Kind.CONFLICT, None),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_file(tmp_path: Path, case: Case) -> None:
    base, ours, theirs, kind, result = case
    if ours is not None:
        (tmp_path / "x").write_bytes(ours.content)
        (tmp_path / "x").chmod(0o755 if ours.executable else 0o644)

    merge = Merge(tmp_path, ["x"], never)
    changes = merge.changes({"x": base} if base else {}, {"x": theirs} if theirs else {})

    assert [(change.kind, change.file) for change in changes] == ([(kind, result)] if kind else [])


def test_a_link_in_place_of_a_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("elsewhere")

    [change] = Merge(tmp_path, ["x"], never).changes({"x": BASE}, {"x": THEIRS})

    assert (change.kind, change.touches) == (Kind.CONFLICT, False)


@pytest.mark.parametrize("known", [True, False])
def test_a_file_that_comes_back_is_the_owners_if_it_once_was_the_templates(tmp_path: Path, *, known: bool) -> None:
    (tmp_path / "x").write_bytes(MINE.content)

    changes = Merge(tmp_path, ["x"], lambda path, content: known and (path, content) == ("x", BASE.content)).changes(
        {}, {"x": BASE}
    )

    assert [(change.kind, change.touches) for change in changes] == ([] if known else [(Kind.CONFLICT, True)])


def merged(folder: Path, base: str, ours: str, theirs: str) -> bytes:
    for name, content in (("base", base), ("ours", ours), ("theirs", theirs)):
        (folder / name).write_text(content)
    labels = ("-L", "before updating", "-L", "last update", "-L", "after updating")
    command = ["git", "merge-file", "-p", "--diff3", *labels, "ours", "base", "theirs"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).stdout


def entries(*names: str) -> str:
    return "".join(f'    "{name}",\n' for name in names)


LISTS: dict[str, tuple[list[str], list[str], list[str], list[str] | None]] = {
    "added beside": (["a>=1", "c>=1"], ["a>=1", "b>=1", "c>=1"], ["c>=1"], ["b>=1", "c>=1"]),
    "both added": (["a>=1"], ["a>=1", "c>=1"], ["a>=1", "b>=1"], ["a>=1", "b>=1", "c>=1"]),
    "both added the same": (["a>=1"], ["a>=1", "b>=1", "c>=1"], ["a>=1", "b>=1"], ["a>=1", "b>=1", "c>=1"]),
    "changed beside": (["a>=1", "b>=1"], ["a>=1", "b>=2"], ["a>=2", "b>=1"], ["a>=2", "b>=2"]),
    "both changed one": (["a>=1"], ["a>=2"], ["a>=3"], None),
    "mine changed, theirs gone": (["a>=1"], ["a>=2"], [], None),
    "both added one, but not the same": (["a>=1"], ["a>=1", "b>=1"], ["a>=1", "b>=2"], None),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "result"), LISTS.values(), ids=LISTS)
def test_lists(tmp_path: Path, base: list[str], ours: list[str], theirs: list[str], result: list[str] | None) -> None:
    marked = merged(tmp_path, *(f"[\n{entries(*side)}]\n" for side in (base, ours, theirs)))

    expected = None if result is None else f"[\n{entries(*result)}]\n".encode()
    assert settle(marked) == expected


def test_modules_of_go_are_a_list_too(tmp_path: Path) -> None:
    base, ours, theirs = "\ta.b/c v1.0.0\n", "\ta.b/c v1.0.0\n\tx.y/z v1.2.3\n", "\ta.b/c v1.1.0\n"

    assert settle(merged(tmp_path, base, ours, theirs)) == b"\ta.b/c v1.1.0\n\tx.y/z v1.2.3\n"


JSON = {
    "in the middle": ("a b c", "a b bb c", "a c", "a bb c"),
    "at the end": ("a b c", "a b c d", "a b", "a b d"),
    "the only one": ("a", "a b", "", "b"),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "result"), JSON.values(), ids=JSON)
def test_dependencies_in_json_are_a_list_too(tmp_path: Path, base: str, ours: str, theirs: str, result: str) -> None:
    texts = [json.dumps({"x": dict.fromkeys(side.split(), "^1")}, indent=2) + "\n" for side in (base, ours, theirs)]
    texts = [text.replace("{}", "{\n  }") for text in texts]

    assert json.loads(settle(merged(tmp_path, *texts)) or "{}") == {"x": dict.fromkeys(result.split(), "^1")}


def test_what_is_not_sorted_is_no_list(tmp_path: Path) -> None:
    assert settle(merged(tmp_path, entries("a>=1"), entries("a>=1", "z>=1", "c>=1"), entries("b>=1"))) is None


def test_statements_are_no_list(tmp_path: Path) -> None:
    assert settle(merged(tmp_path, "    x = 1\n", "    x = 1\n    y = 2\n", "    x = 2\n")) is None


def test_one_real_clash_is_enough(tmp_path: Path) -> None:
    far = "\n".join("abcdefgh")
    marked = merged(
        tmp_path,
        f"{entries('a>=1')}{far}\nx = 1\n",
        f"{entries('a>=1', 'b>=1')}{far}\nx = 2\n",
        f"{entries('a>=2')}{far}\nx = 3\n",
    )

    assert settle(marked) is None


def test_what_once_was_in_a_project_is_found(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(BASE.content)
    commit(tmp_path, "As it was made")
    (tmp_path / "x").write_bytes(MINE.content)
    commit(tmp_path, "Mine")
    git(tmp_path, "hash-object", "-w", "-t", "blob", "x")

    assert once_held(tmp_path, "x", BASE.content)
    assert not once_held(tmp_path, "y", BASE.content)
    assert not once_held(tmp_path, "x", THEIRS.content)
