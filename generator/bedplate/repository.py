"""What Git knows of a project."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bedplate.errors import Failure, Refusal

SHOWN = 5


def git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Runs Git in a folder, and returns what it said.

    Raises:
        Refusal: There is no Git.
        Failure: It fails.
    """
    done = attempt(folder, *arguments, given=given)
    if done.returncode != 0:
        raise Failure(f"git {' '.join(arguments)} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def attempt(folder: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Runs Git in a folder, where it may well fail.

    Raises:
        Refusal: There is no Git.
    """
    try:
        return subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=folder,
            input=given,
            env=os.environ | {"LC_ALL": "C"},
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise Refusal("There is no git command on this machine.\nInstall Git: updates are made with it.") from None


def check_clean(project: Path) -> None:
    """Checks that whatever happens to the project can be seen, and taken back, with Git.

    Raises:
        Refusal: It is in no repository, or something in it is not committed.
    """
    status = attempt(project, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
    if b"not a git repository" in status.stderr:
        raise Refusal(
            f"{project} is in no Git repository, so a change could not be told from yours.\n"
            "Run there first: git init && git add --all && git commit --message 'As it was made'"
        )
    if status.returncode != 0:
        raise Failure(f"git status failed: {status.stderr.decode(errors='replace').strip()}")
    if names := [entry[3:] for entry in status.stdout.decode(errors="replace").split("\0") if entry[2:3] == " "]:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        raise Refusal(
            f"{project} has changes that are not committed: {', '.join(names[:SHOWN])}{more}.\n"
            "Commit them, or put them away with git stash --include-untracked."
        )


def tracked(project: Path) -> set[str]:
    """Lists the files of the project that Git keeps."""
    return set(git(project, "ls-files", "-z", "--", ".").decode(errors="surrogateescape").split("\0"))


def once_held(project: Path, path: str, content: bytes) -> bool:
    """Tells whether a file of the project was once exactly this, in the history that leads here."""
    blob = git(project, "hash-object", "--stdin", given=content).decode().strip()
    found = attempt(project, "log", "-1", "--format=%H", f"--find-object={blob}", "--", path)
    return found.returncode == 0 and bool(found.stdout.strip())


def mark_conflict(project: Path, path: str, sides: Sequence[bytes | None], mode: str) -> None:
    """Records a conflict as a merge would: base, ours and theirs, where they exist."""
    top = git(project, "rev-parse", "--show-prefix").decode().rstrip("\n")
    lines = [f"0 {'0' * 40}\t{top}{path}"]
    for stage, side in enumerate(sides, start=1):
        if side is not None:
            blob = git(project, "hash-object", "-w", "--stdin", given=side).decode().strip()
            lines.append(f"{mode} {blob} {stage}\t{top}{path}")
    git(project, "update-index", "--index-info", given="\n".join([*lines, ""]).encode())


def unmark_conflicts(project: Path, paths: Sequence[str]) -> None:
    """Takes back what `mark_conflict` has recorded, in a project that was clean before."""
    if paths:
        git(project, "reset", "--quiet", "--", *paths)
