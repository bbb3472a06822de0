"""Merges what the template has become into what a project has become of it, file by file.

Copier's own update makes a patch of the owner's changes and applies it to the new project. That deletes what the owner
changed in files of a choice that was dropped, and finds a conflict in a file that such a choice brings back. So the two
projects are Copier's, rendered as they were and as they shall be, and the merge is Git's three-way one.
"""

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from bedplate.errors import Failure
from bedplate.manifest import settle
from bedplate.record import FILE as ANSWERS
from bedplate.trees import File, Tree, read_file

# What `copier update` calls the three sides.
_LABELS = ("-L", "before updating", "-L", "last update", "-L", "after updating")


class Kind(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    KEPT = "kept"
    ABSENT = "left out"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Change:
    """What becomes of one file.

    Attributes:
        path: Relative to the project.
        kind: What is told of it.
        file: What it shall be, where it is touched; `None` to remove it.
        reason: Why it is not what the template says.
        sides: Of a conflict that is marked in the file: base, ours and theirs.
    """

    path: str
    kind: Kind
    file: File | None = None
    reason: str = ""
    sides: tuple[bytes | None, bytes, bytes] | None = None

    @property
    def touches(self) -> bool:
        """Whether the project's file is written or removed."""
        return self.kind in {Kind.ADDED, Kind.CHANGED, Kind.REMOVED} or self.sides is not None


class Merge:
    """The owner's project between what the template made of it and what it makes now."""

    def __init__(self, project: Path, tracked: Iterable[str], once_held: Callable[[str, bytes], bool]) -> None:
        """Takes the project as it is.

        Args:
            project: Its folder.
            tracked: The files that Git keeps; what it ignores is never touched.
            once_held: Tells whether a file of the project was once exactly a given content.
        """
        self._project, self._tracked, self._once_held = project, set(tracked), once_held

    def changes(self, old: Tree, new: Tree) -> list[Change]:
        """Says what becomes of each file that is not what it was in the template."""
        paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
        found = (self._change(path, old.get(path), new.get(path)) for path in paths)
        return [change for change in found if change is not None]

    def _change(self, path: str, base: File | None, theirs: File | None) -> Change | None:
        ours = read_file(self._project / path)
        if ours == theirs:
            return None
        if ours is not None and path not in self._tracked and not (self._project / path).is_dir():
            return Change(path, Kind.KEPT, reason="Git ignores it")
        if ours == base or path == ANSWERS:
            kind = Kind.ADDED if base is None else Kind.REMOVED if theirs is None else Kind.CHANGED
            return Change(path, kind, theirs)
        return self._change_of_both(path, base, ours, theirs)

    def _change_of_both(self, path: str, base: File | None, ours: File | None, theirs: File | None) -> Change | None:
        if ours is None:
            return Change(path, Kind.ABSENT, reason="you removed it")
        if theirs is None:
            return Change(path, Kind.KEPT, reason="you changed it, and nothing uses it any more")
        if base is None and self._once_held(path, theirs.content):
            return None  # A choice comes back, with a file that the owner had changed, and kept.
        return _merged(path, base, ours, theirs)


def _merged(path: str, base: File | None, ours: File, theirs: File) -> Change | None:
    if not all(side.regular and b"\0" not in side.content for side in (base, ours, theirs) if side is not None):
        return Change(path, Kind.CONFLICT, reason="it cannot be merged, and yours was kept")
    start = base or File(b"", executable=theirs.executable)
    executable = theirs.executable if ours.executable == start.executable else ours.executable
    content, clashes = _merge_texts(start.content, ours.content, theirs.content)
    file = File(content, executable=executable)
    if clashes:
        sides = (base.content if base else None, ours.content, theirs.content)
        return Change(path, Kind.CONFLICT, file, reason="it has conflict markers", sides=sides)
    return Change(path, Kind.CHANGED, file) if file != ours else None


def _merge_texts(base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bool]:
    with TemporaryDirectory(prefix="bedplate-merge-") as scratch:
        names = []
        for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
            Path(scratch, name).write_bytes(content)
            names.append(name)

        def merge(*options: str) -> subprocess.CompletedProcess[bytes]:
            command = ["git", "merge-file", "-p", *options, *_LABELS, *names]
            return subprocess.run(command, cwd=scratch, capture_output=True, check=False)  # noqa: S603

        done = merge()
        if done.returncode == 0:
            return done.stdout, False
        if not 0 < done.returncode < 128:  # So many clashes; at 128 Git has failed.
            raise Failure(f"git merge-file failed: {done.stderr.decode(errors='replace').strip()}")
        settled = settle(merge("--diff3").stdout)
        return (settled, False) if settled is not None else (done.stdout, True)
