"""What to do after a change that rendering files cannot finish."""

import re
from collections.abc import Iterator
from pathlib import Path

from bedplate.merge import Kind
from bedplate.repository import attempt
from bedplate.update import Outcome

# What does not move by itself, by the question whose answer was changed.
NOT_MOVED = {
    "database": (
        "Data is not migrated: {new} starts empty, and {old} is left as it is. To take data along, run make migrate, "
        "copy users and events with their ids, then make rebuild. Sessions stay behind: people sign in again."
    ),
    "broker": (
        "Messages are not moved: let the release on {old} run, without requests, until its outbox and its queues are "
        "empty, then start the one on {new}. Other services have to change over with it."
    ),
}


def next_steps(outcome: Outcome) -> Iterator[str]:
    """Says what is left to do, in the order in which to do it."""
    if conflicts := [change.path for change in outcome.changes if change.kind is Kind.CONFLICT]:
        yield f"Resolve what clashes in {', '.join(conflicts)}, then git add what you have resolved."
    if names := stale_settings(outcome):
        yield f"Look at .env, which is yours and was not touched: it sets {', '.join(names)}, which has changed."
    for name, (old, new) in outcome.answers.items():
        if name in NOT_MOVED and old is not None:
            yield NOT_MOVED[name].format(old=old, new=new)


def stale_settings(outcome: Outcome) -> list[str]:
    """Lists what `.env` sets although `.env.example` has another default for it now, or none."""
    now = _lines(outcome.project / ".env.example")
    then = _settings(attempt(outcome.project, "show", "HEAD:./.env.example").stdout.decode(errors="replace"))
    mine = _lines(outcome.project / ".env", only_set=True)
    return [name for name in mine if name in then and then[name] != now.get(name)]


def _lines(path: Path, *, only_set: bool = False) -> dict[str, str]:
    return _settings(path.read_text(errors="replace"), only_set=only_set) if path.is_file() else {}


def _settings(text: str, *, only_set: bool = False) -> dict[str, str]:
    pattern = r"^([A-Z][A-Z0-9_]*)=(.*)$" if only_set else r"^#?([A-Z][A-Z0-9_]*)=(.*)$"
    return dict(re.findall(pattern, text, re.MULTILINE))
