"""Carries changes over to a project: all of them, or none.

What is written is put beside its place first, and what is replaced is moved aside, so that each step is one rename and
every state can be told from what lies where. Whoever is killed in between leaves the journal, and the next command that
comes to the project puts everything back.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bedplate.errors import Failure, Refusal
from bedplate.merge import Change
from bedplate.record import UNFINISHED
from bedplate.repository import mark_conflict, unmark_conflicts


@contextmanager
def locked(project: Path) -> Generator[None]:
    """Keeps other commands from the project, and first takes back what one left that was killed.

    Raises:
        Refusal: Another command is at work in it.
    """
    handle = os.open(project, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Refusal(f"Another bedplate command is at work in {project}.\nWait until it has ended.") from None
    try:
        take_back(project)
        yield
    finally:
        os.close(handle)  # Which ends the lock; so does the end of the process, whatever that is.


def carry_over(project: Path, changes: Sequence[Change]) -> None:
    """Makes the changes in the project.

    Raises:
        Failure: The disk refuses; nothing was changed.
    """
    try:
        with _taken_back_on_failure(project):
            _prepare(project, changes)
            _swap(project, changes)
            for change in changes:
                if change.sides is not None and change.file is not None:
                    mode = "100755" if change.file.executable else "100644"
                    mark_conflict(project, change.path, change.sides, mode)
            _journal(project).unlink()  # From here on it has happened.
    except OSError as error:
        raise Failure(f"{error.filename or project}: {error.strerror}. Nothing was changed.") from error
    with suppress(KeyboardInterrupt):  # What is left goes with the next change.
        shutil.rmtree(project / UNFINISHED, ignore_errors=True)
        _remove_empty_folders(project, [change.path for change in changes if change.file is None])


@contextmanager
def _taken_back_on_failure(project: Path) -> Generator[None]:
    try:
        yield
    except BaseException:
        take_back(project)
        raise


def take_back(project: Path) -> None:
    """Puts the project back to what it was before changes that were not finished; does nothing where there are none."""
    folder = project / UNFINISHED
    if not folder.is_dir():
        return
    with suppress(FileNotFoundError):
        entries = json.loads(_journal(project).read_text())
        for number, path in enumerate(entries["paths"]):
            before, after = folder / f"{number}.old", folder / f"{number}.new"
            if before.exists(follow_symlinks=False):
                before.replace(project / path)
            elif path in entries["added"] and not after.exists():
                (project / path).unlink(missing_ok=True)
        _remove_empty_folders(project, entries["added"])
        unmark_conflicts(project, entries["conflicts"])
        _journal(project).unlink()
    shutil.rmtree(folder)


def _journal(project: Path) -> Path:
    return project / UNFINISHED / "journal.json"


def _prepare(project: Path, changes: Sequence[Change]) -> None:
    folder = project / UNFINISHED
    folder.mkdir()
    (folder / ".gitignore").write_text("*\n")
    for number, change in enumerate(changes):
        if change.file is not None:
            new = folder / f"{number}.new"
            new.write_bytes(change.file.content)
            new.chmod(_mode(project / change.path, executable=change.file.executable))
    entries = {
        "paths": [change.path for change in changes],
        "added": [change.path for change in changes if not os.path.lexists(project / change.path)],
        "conflicts": [change.path for change in changes if change.sides is not None],
    }
    draft = folder / "draft.json"
    draft.write_text(json.dumps(entries))
    draft.replace(_journal(project))


def _mode(path: Path, *, executable: bool) -> int:
    """Keeps the permissions that a file has, but for whether it can be run; a new one gets the usual ones."""
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        os.umask(mask := os.umask(0))
        mode = 0o666 & ~mask
    return mode | (mode & 0o444) >> 2 if executable else mode & ~0o111


def _swap(project: Path, changes: Sequence[Change]) -> None:
    for number, change in enumerate(changes):
        path = project / change.path
        if os.path.lexists(path):
            path.replace(project / UNFINISHED / f"{number}.old")
        if change.file is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            (project / UNFINISHED / f"{number}.new").replace(path)


def _remove_empty_folders(project: Path, paths: Sequence[str]) -> None:
    for path in paths:
        for folder in Path(path).parents[:-1]:
            with suppress(OSError):  # It holds something, or is gone already.
                (project / folder).rmdir()
