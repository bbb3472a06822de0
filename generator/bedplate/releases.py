"""The releases that this Bedplate knows: a chain of commits in a Git bundle, one a release, each with its tag.

Projects of older releases are updated by what is in it, without a network.
"""

import subprocess
from pathlib import Path

from bedplate.errors import Failure
from bedplate.repository import git
from bedplate.source import REPOSITORY, Source

BUNDLE = Path(__file__).resolve().parent / "releases.bundle"
_TAGS = "refs/tags/"


def names(bundle: Path = BUNDLE) -> list[str]:
    """Lists the tags, the oldest first."""
    heads = (line.split() for line in git(bundle.parent, "bundle", "list-heads", str(bundle)).decode().splitlines())
    return sorted((name.removeprefix(_TAGS) for _, name in heads if name.startswith(_TAGS)), key=number)


def number(name: str) -> tuple[int, ...]:
    """Orders releases: `v0.10.0` comes after `v0.9.1`."""
    return tuple(map(int, name.removeprefix("v").split(".")))


def unpack(name: str, folder: Path, bundle: Path = BUNDLE) -> Source:
    """Puts a release into a folder.

    Raises:
        Failure: Git cannot, or the disk is full.
    """
    options = ("-c", "advice.detachedHead=false", "-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null")
    command = ["git", *options, "clone", "--quiet", "--branch", name, "--", str(bundle), str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise Failure(f"Git cannot unpack {name}: {done.stderr.decode(errors='replace').strip()}")
    return Source(folder=folder, address=REPOSITORY, release=name)
