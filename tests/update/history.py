"""Releases to update between: those in the bundle that is checked in, and one after them.

The last is the work tree's template with a change of every kind, so that there always is something to merge.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bedplate import questions, releases

from tests import template

type Files = dict[str, tuple[bool, bytes]]

NEXT = "v99.0.0"
QUIET = ("-c", "core.fsync=none", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "commit.gpgsign=false")
IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
# What the release after the newest says otherwise, by layer.
SHARED, GONE = "template/{{shared}}", ".editorconfig.jinja"
LATER = {
    "shared": {
        "README.md.jinja": ("## Start", "## How to start"),
        "Makefile.jinja": ("help: ## List the verbs", "help: ## List all the verbs"),
    },
    "fastapi": {
        "pyproject.toml.jinja": ('readme = "README.md"', 'readme = "README.md"\nlicense-files = []'),
    },
    "django": {
        "pyproject.toml.jinja": ('readme = "README.md"', 'readme = "README.md"\nlicense-files = []'),
    },
    "python": {
        "service/domain/paging.py": ("\n\n\n", "\n\n# The next release says more here.\n\n\n"),
    },
    "express": {
        "package.json.jinja": ('"private": true,', '"private": true,\n  "license": "UNLICENSED",'),
        "src/domain/paging.ts": ("\n\n/** ", "\n\n// The next release says more here.\n\n/** "),
    },
    "gin": {
        "go.mod.jinja": ("go 1.26.0", "go 1.26.1"),
        "internal/domain/paging.go": ("\n\n// ", "\n\n// The next release says more here.\n\n// "),
    },
}
NEW = {"NEWS.md": "News of the next release.\n", "scripts/hello": "#!/bin/sh\necho hello\n"}


@dataclass(frozen=True)
class History:
    """Where the releases are: in a bundle, as a wheel carries them, and in a bare repository, as the public one."""

    bundle: Path
    bare: Path

    def environment(self) -> Mapping[str, str]:
        """Lets Git find the bare repository under the address of the public one."""
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.bare}.insteadOf",
            "GIT_CONFIG_VALUE_0": releases.REPOSITORY,
            "COPIER_CACHE_DIR": str(self.bare.with_name("mirrors")),
        }


def make(folder: Path) -> History:
    work = folder / "work"
    git(folder, "clone", "--quiet", str(releases.BUNDLE), "work")
    for name in template.PARTS:
        shutil.rmtree(work / name) if (work / name).is_dir() else (work / name).unlink()
    template.put(work)
    advance(work)
    commit(work, NEXT)
    git(work, "tag", NEXT)
    git(work, "bundle", "create", "--quiet", str(folder / "releases.bundle"), "--branches", "--tags", "HEAD")
    git(folder, "clone", "--quiet", "--bare", "work", "public.git")
    return History(folder / "releases.bundle", folder / "public.git")


def advance(work: Path) -> None:
    for layer, changes in LATER.items():
        for name, (before, after) in changes.items():
            change(work / "template" / f"{{{{{layer}}}}}" / name, before, after)
    (work / SHARED / GONE).unlink()
    for name, content in NEW.items():
        (work / SHARED / name).parent.mkdir(exist_ok=True)
        (work / SHARED / name).write_text(content)
    (work / SHARED / "scripts" / "hello").chmod(0o755)


def offers(release: str, answers: Mapping[str, object]) -> bool:
    """Whether a release knows all these choices."""
    return all(answer in _choices(release).get(name, ()) for name, answer in answers.items())


@cache
def _choices(release: str) -> dict[str, set[str]]:
    with TemporaryDirectory() as scratch:
        found = questions.read(releases.unpack(release, Path(scratch, "template")).folder)
        return {question.name: {*question.choices} for question in found}


def change(path: Path, before: str, after: str) -> None:
    """Changes the first place that holds a text."""
    content = path.read_text()
    assert before in content, f"{path} holds no {before!r}"
    path.write_text(content.replace(before, after, 1))


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", *QUIET, *IDENTITY, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def commit(folder: Path, message: str) -> None:
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main", "--template=")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


def status(folder: Path) -> list[str]:
    return sorted(git(folder, "status", "--porcelain", "--untracked-files=all").splitlines())


def tree(folder: Path) -> Files:
    """The files of a project but for Git's own: whether each can be run, and what it holds."""
    found: Files = {}
    for base, folders, names in os.walk(folder):
        if ".git" in folders:
            folders.remove(".git")
        for name in names:
            path = Path(base, name)
            found[path.relative_to(folder).as_posix()] = (os.access(path, os.X_OK), path.read_bytes())
    return found


def differing(one: Files, other: Files) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def clashes(folder: Path) -> list[str]:
    """The files that hold marks of a conflict."""
    return [name for name, (_, content) in tree(folder).items() if re.search(rb"^<{7} ", content, re.MULTILINE)]
