"""Tells what has become of a project, in a few lines."""

from collections.abc import Iterator
from shutil import get_terminal_size
from textwrap import wrap

from bedplate.advice import next_steps
from bedplate.merge import Change, Kind
from bedplate.questions import shown
from bedplate.update import Outcome

SHOWN = 6
# Of these, every file is named: each is for the owner to look at.
_ALL = {Kind.KEPT, Kind.ABSENT, Kind.CONFLICT}
_WIDTH = max(map(len, Kind)) + 2


def report(outcome: Outcome) -> str:
    """Says what has changed, what clashes, and what to do next."""
    if not outcome.changes:
        return f"{outcome.project.name} is at {outcome.after}, and nothing is to be changed."
    return "\n".join([*_head(outcome), "", *_files(outcome.changes), "", *_next(outcome)])


def _head(outcome: Outcome) -> Iterator[str]:
    moved = "" if outcome.before == outcome.after else f"{outcome.before} to "
    yield f"{outcome.project.name}: {moved}{outcome.after}"
    for name, (old, new) in outcome.answers.items():
        yield f"  {name}: {f'{shown(old)} to ' if old is not None else 'new, '}{shown(new)}"


def _files(changes: list[Change]) -> Iterator[str]:
    for kind in Kind:
        found = [change for change in changes if change.kind is kind]
        listed = found if kind in _ALL or len(found) <= SHOWN + 1 else found[:SHOWN]
        for change in listed:
            text = f"{change.path} ({change.reason})" if change.reason else change.path
            yield from _wrapped(text, f"  {kind:{_WIDTH}}")
        if len(found) > len(listed):
            yield f"  {'':{_WIDTH}}and {len(found) - len(listed)} more"


def _next(outcome: Outcome) -> Iterator[str]:
    for step in next_steps(outcome):
        yield from _wrapped(step)
        yield ""
    yield "Nothing is committed. Next:"
    yield ""
    for command in ("git status && git diff", "make setup migrate", "make lint test"):
        yield f"    {command}"


def _wrapped(text: str, start: str = "") -> list[str]:
    """Breaks a text into lines between words; a path stays whole."""
    columns = min(get_terminal_size().columns, 100)
    indent = " " * len(start)
    return wrap(
        text, columns, initial_indent=start, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
