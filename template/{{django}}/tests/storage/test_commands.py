from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from service.domain.events import DeadLetter
from service.events import storage
from service.platform import cloudevents
from tests.events import NOON, new_event

pytestmark = pytest.mark.django_db(transaction=True)


def call(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def park(body: bytes) -> DeadLetter:
    letter = DeadLetter(body=body, error="Error: no luck\nat all", attempts=5, parked_at=NOON)
    storage.park(letter)
    return letter


def test_dead_letters_are_listed_and_shown() -> None:
    assert call("dead_letters", "list") == ""
    letter = park(b"garbage \xff")

    assert call("dead_letters", "list") == f"{letter.id}  2026-02-03 12:00:00  Error: no luck\n"
    shown = call("dead_letters", "show", letter.id)
    assert "attempts  5\n" in shown
    assert shown.endswith("Error: no luck\nat all\ngarbage \\xff\n")


def test_dead_letters_are_replayed() -> None:
    park(cloudevents.encode(new_event()))
    bad = park(b"garbage")

    assert call("dead_letters", "replay", "--all") == "2 replayed\n"
    (left,) = storage.parked(10)
    assert left.body == b"garbage"
    assert left.id != bad.id
    assert call("rebuild") == "The activity log was made anew from 1 events.\n"


@pytest.mark.parametrize(
    "arguments", [["show", "unknown"], ["replay", "unknown"], ["replay"], ["replay", "--all", "1"]]
)
def test_what_cannot_be_done_is_said(arguments: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        call("dead_letters", *arguments)
    assert refused.value.returncode == 2


def test_the_events_are_described() -> None:
    assert "\nasyncapi: 3." in call("dead_letters", "describe")
