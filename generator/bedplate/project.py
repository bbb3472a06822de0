"""Makes a project: all of it, or nothing."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bedplate import source
from bedplate.answers import Given, check_given, collect, default
from bedplate.engine import Form, opened, render
from bedplate.errors import Failure, Refusal
from bedplate.preview import summary
from bedplate.wizard import ask, confirm


def make(target: Path, given: Given, *, defaults: bool, ref: str | None) -> str:
    """Makes a project.

    Args:
        target: Its folder, as it shall be named in the next commands.
        given: Answers that are not asked for.
        defaults: Ask nothing.
        ref: The template's revision; see `bedplate.engine.opened`.

    Returns:
        What to do next.

    Raises:
        Refusal: An answer or the target does not fit, or there is no terminal to ask in.
        Failure: The template or the disk fails.
    """
    check(target)
    with opened(source.find(), ref) as template:
        form = Form(template, target)
        check_given(form, given)
        answers = collect(form, given, default if defaults else ask)
        if not defaults and answers.keys() - given.keys():
            confirm(summary(template, target, answers))
        with staged(target) as folder:
            render(template, folder, answers)
        return form.message().rstrip()


def check(target: Path) -> None:
    """Checks that a project can be made there: a new folder, or an empty one.

    Raises:
        Refusal: It cannot.
    """
    base = _existing(target)
    if not base.is_dir():
        raise Refusal(f"PATH: {base} is not a folder.\nName a folder that is new or empty.")
    if not os.access(base, os.W_OK | os.X_OK):
        raise Refusal(f"PATH: {base} is not writable.\nName another place, or change its permissions.")
    if base == target and any(target.iterdir()):
        raise Refusal(f"PATH: {target} is not empty.\nName a folder that is new or empty.")


@contextmanager
def staged(target: Path) -> Generator[Path]:
    """Gives a folder to make a project in, of the same name as the target, and in the end moves it to its place.

    The folder is in a hidden one, beside the target or in it, so that the move is a rename. When anything fails, or is
    interrupted, neither is left.

    Args:
        target: A path that `check` passes; folders above it are made where they are missing.

    Raises:
        Failure: The disk refuses.
    """
    target = target.resolve()
    base = _existing(target)
    try:
        with TemporaryDirectory(prefix=".bedplate-", dir=base) as hidden:
            # An empty target keeps its permissions, and whoever stands in it: what is moved is what it will hold.
            top = Path(hidden, target.name) if base == target else Path(hidden)
            folder = top / target.relative_to(base)
            folder.mkdir(parents=True)
            yield folder
            _move_all(top, base)
    except OSError as error:
        raise Failure(f"{error.filename or target}: {error.strerror}.") from error


def _existing(target: Path) -> Path:
    """Finds the lowest folder on the way to the target that is there: the target itself, if it is empty."""
    return next(path for path in (target, *target.parents) if os.path.lexists(path))


def _move_all(source: Path, destination: Path) -> None:
    names = [path.name for path in source.iterdir()]
    try:
        for name in names:
            (source / name).rename(destination / name)
    except BaseException:
        for name in names:
            if not os.path.lexists(source / name):
                (destination / name).rename(source / name)
        raise
