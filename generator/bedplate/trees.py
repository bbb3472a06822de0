"""The files of a project, in memory."""

import os
import stat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bedplate.answers import Given
from bedplate.engine import Template, render


class File(NamedTuple):
    """A file; or something else in its place, such as a symbolic link, which cannot be merged."""

    content: bytes
    executable: bool = False
    regular: bool = True


type Tree = dict[str, File]


def read_tree(folder: Path) -> Tree:
    """Reads all files below a folder."""
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            found[path.relative_to(folder).as_posix()] = _read(path.lstat(), path)
    return found


def read_file(path: Path) -> File | None:
    """Reads a file; `None` where there is nothing."""
    try:
        return _read(path.lstat(), path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _read(status: os.stat_result, path: Path) -> File:
    if stat.S_ISREG(status.st_mode):
        return File(path.read_bytes(), executable=bool(status.st_mode & stat.S_IXUSR))
    target = os.fsencode(path.readlink()) if stat.S_ISLNK(status.st_mode) else b""
    return File(target, regular=False)


def rendered(template: Template, name: str, answers: Given) -> Tree:
    """Renders a project into a folder of a name, which goes again, and returns its files."""
    with TemporaryDirectory(prefix="bedplate-") as scratch:
        folder = Path(scratch, name)
        render(template, folder, answers)
        return read_tree(folder)
