"""`make release`: the bundle grows by one commit, and only of what is ready."""

from collections.abc import Callable
from pathlib import Path

import pytest
import release as maker
from bedplate import releases

from tests import template

from .history import change, commit, git

FILES = {
    "pyproject.toml": '[project]\nversion = "1.0.0"\n',
    "CHANGELOG.md": "# Changelog\n\n## [1.0.0]\n",
    "copier.yml": "_subdirectory: template\n",
    "options.yml": "[]\n",
    "fragments/x": "x\n",
    "template/x": "one\n",
    "template/run": "#!/bin/sh\n",
    "tests/x": "not of the template\n",
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkout"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "template" / "run").chmod(0o755)
    (folder / maker.BUNDLE.parent).mkdir(parents=True)
    commit(folder, "First")
    monkeypatch.setattr(releases, "BUNDLE", folder / maker.BUNDLE)
    return folder


def raise_version(checkout: Path, before: str, after: str) -> None:
    change(checkout / "pyproject.toml", before, after)
    change(checkout / "CHANGELOG.md", f"## [{before}]", f"## [{after}]\n\n## [{before}]")
    change(checkout / "template" / "x", "one", after)
    commit(checkout, after)


def unpacked(name: str, folder: Path) -> dict[str, str]:
    found = releases.unpack(name, folder).folder
    git(found, "fsck", "--strict")
    names = git(found, "ls-files").split()
    return {name: (found / name).read_text() for name in names}


def test_each_release_is_a_commit_of_what_copier_needs(checkout: Path, tmp_path: Path) -> None:
    maker.release(checkout, "1.0.0")
    commit(checkout, "Release 1.0.0")
    raise_version(checkout, "1.0.0", "1.10.0")
    maker.release(checkout, "1.10.0")

    assert releases.names() == ["v1.0.0", "v1.10.0"]
    parts = {name: content for name, content in FILES.items() if name.startswith(template.PARTS)}
    assert unpacked("v1.0.0", tmp_path / "one") == parts
    assert unpacked("v1.10.0", tmp_path / "two") == parts | {"template/x": "1.10.0\n"}
    assert (tmp_path / "two" / "template" / "run").stat().st_mode & 0o100
    assert git(tmp_path / "two", "log", "--format=%s").split() == ["v1.10.0", "v1.0.0"]


def test_the_newest_is_made_again_until_it_has_its_tag(checkout: Path, tmp_path: Path) -> None:
    maker.release(checkout, "1.0.0")
    change(checkout / "template" / "x", "one", "mended")
    commit(checkout, "Mended")

    with pytest.raises(maker.NotReady, match="is in the bundle already"):
        maker.release(checkout, "1.0.0")
    maker.release(checkout, "1.0.0", again=True)

    assert releases.names() == ["v1.0.0"]
    assert unpacked("v1.0.0", tmp_path / "one")["template/x"] == "mended\n"

    commit(checkout, "Release 1.0.0")
    git(checkout, "tag", "v1.0.0")
    with pytest.raises(maker.NotReady, match="published"):
        maker.release(checkout, "1.0.0", again=True)


def dirty(checkout: Path) -> None:
    (checkout / "template" / "x").write_text("not committed\n")


def unknown(checkout: Path) -> None:
    (checkout / "template" / "new").write_text("not committed\n")


def untold(checkout: Path) -> None:
    change(checkout / "CHANGELOG.md", "## [1.0.0]", "## [0.9.0]")
    commit(checkout, "Untold")


def nothing(_: Path) -> None: ...


def published(checkout: Path) -> None:
    maker.release(checkout, "1.0.0")
    commit(checkout, "Release 1.0.0")


def back(checkout: Path) -> None:
    published(checkout)
    raise_version(checkout, "1.0.0", "0.9.0")


REFUSALS: dict[str, tuple[Callable[[Path], None], str, bool, str]] = {
    "not committed": (dirty, "1.0.0", False, "not everything is committed"),
    "not known": (unknown, "1.0.0", False, "not everything is committed"),
    "not told": (untold, "1.0.0", False, "no section"),
    "another version": (nothing, "2.0.0", False, "says version 1.0.0"),
    "no version": (nothing, "1.0", False, "no version such as"),
    "older": (back, "0.9.0", False, "v1.0.0 is in the bundle already"),
    "again, without a first": (nothing, "1.0.0", True, "there is none yet"),
    "again, but not the newest": (back, "0.9.0", True, "only the newest"),
}


@pytest.mark.parametrize(("prepare", "version", "again", "told"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_not_ready_is_not_released(
    checkout: Path, prepare: Callable[[Path], None], version: str, told: str, *, again: bool
) -> None:
    prepare(checkout)
    bundle = checkout / maker.BUNDLE
    before = bundle.read_bytes() if bundle.exists() else b""

    with pytest.raises(maker.NotReady, match=told):
        maker.release(checkout, version, again=again)

    assert (bundle.read_bytes() if bundle.exists() else b"") == before
