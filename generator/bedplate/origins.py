"""Where an update takes its two templates from: the one that a project was made with, and the one that it shall be."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from bedplate import releases, source
from bedplate.engine import Template, UnknownRevision, is_older, opened
from bedplate.errors import Refusal
from bedplate.record import FILE, Record
from bedplate.source import REPOSITORY, Source

type Pair = tuple[Template, Template]


@contextmanager
def both(recorded: Record, origin: str | None, ref: str | None) -> Generator[Pair]:
    """Opens the template as a project records it, and as it shall be.

    Args:
        recorded: What the project records.
        origin: The repository to take both from, if not the one that is recorded.
        ref: The revision that shall be, if not the newest release.

    Raises:
        Refusal: There is no such revision, or it is older than the project.
        Failure: Git fails.
    """
    known = releases.names() if recorded.address == REPOSITORY and origin is None else []
    if known and recorded.revision not in known:
        raise _unknown(recorded, f"Bedplate {version('bedplate')} knows {known[0]} to {known[-1]}")
    with ExitStack() as stack:
        if known and (ref is None or ref in known):
            yield _from_releases(stack, recorded, ref or known[-1])
        else:
            yield _from_repository(stack, recorded, origin or recorded.address, ref)


def _from_releases(stack: ExitStack, recorded: Record, name: str) -> Pair:
    """Takes them out of what this Bedplate carries, which needs no network."""
    if releases.number(name) < releases.number(recorded.revision):
        raise _older(recorded, name)
    old = _release(stack, recorded.revision)
    return old, old if name == recorded.revision else _release(stack, name)


def _release(stack: ExitStack, name: str) -> Template:
    carried = source.find()
    if carried.release != name:
        scratch = stack.enter_context(TemporaryDirectory(prefix="bedplate-"))
        carried = releases.unpack(name, Path(scratch, "template"))
    return stack.enter_context(opened(carried))


def _from_repository(stack: ExitStack, recorded: Record, origin: str, ref: str | None) -> Pair:
    repository = Source(folder=Path(), address=origin, release=None)
    try:
        old = stack.enter_context(opened(repository, recorded.revision, recorded.address))
    except UnknownRevision:
        raise _unknown(recorded, f"{origin} has no such revision (was it never committed?)") from None
    if old.commit is None:
        raise Refusal(f"{origin} is no Git repository, and has no releases to go to.\nName one that has, by --from.")
    if ref == recorded.revision:
        return old, old
    new = stack.enter_context(opened(repository, ref, recorded.address))
    if is_older(new, old):
        raise _older(recorded, new.commit or "HEAD")
    return old, new


def _unknown(recorded: Record, why: str) -> Refusal:
    return Refusal(
        f"{FILE} says that the project is at {recorded.revision}, but {why}.\n"
        "Take the newest Bedplate (uvx bedplate@latest), or name the template's repository by --from."
    )


def _older(recorded: Record, name: str) -> Refusal:
    return Refusal(
        f"The project is at {recorded.revision}, and {name} is older: there is no way back.\n"
        "Name a later revision, or take the newest Bedplate (uvx bedplate@latest)."
    )
