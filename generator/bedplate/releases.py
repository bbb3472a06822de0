"""The releases that this Bedplate knows: a chain of commits in a Git bundle, one a release, each with its tag.

Projects of older releases are updated by what is in it, without a network.
"""

from pathlib import Path

from bedplate.repository import git
from bedplate.source import REPOSITORY, Source

BUNDLE = Path(__file__).resolve().parent / "releases.bundle"
_TAGS = "refs/tags/"


def names() -> list[str]:
    """Lists the tags, the oldest first."""
    heads = git(BUNDLE.parent, "bundle", "list-heads", str(BUNDLE)).decode().split()[1::2]
    return sorted((head.removeprefix(_TAGS) for head in heads if head.startswith(_TAGS)), key=number)


def number(name: str) -> tuple[int, ...]:
    """Orders releases: `v0.10.0` comes after `v0.9.1`."""
    return tuple(map(int, name.removeprefix("v").split(".")))


def unpack(name: str, folder: Path) -> Source:
    """Puts a release into a folder.

    Raises:
        Failure: Git cannot, or the disk is full.
    """
    as_it_is = ("-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false")
    git(BUNDLE.parent, *as_it_is, "clone", "--quiet", "--branch", name, "--", str(BUNDLE), str(folder))
    return Source(folder=folder, address=REPOSITORY, release=name)
