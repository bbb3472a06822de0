import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, override

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from service.domain.errors import NotFound, Unavailable
from service.domain.events import DeadLetter
from service.events import wiring
from service.events.storage import Handler
from service.platform.dead_letters import DeadLetterBox
from service.platform.measuring import METRICS

CONTRACT = Path(__file__).parents[4] / "contract" / "asyncapi.yaml"

type Box = DeadLetterBox[Handler]


class Command(BaseCommand):
    help = "Describe the events; look at those that could not be handled, and handle them again."

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(required=True, metavar="ACTION")
        describe = actions.add_parser("describe", help="Print what is promised about the events (AsyncAPI).")
        describe.set_defaults(action=self._describe)
        listing = actions.add_parser("list", help="List what could not be handled, oldest first.")
        listing.add_argument("--limit", type=int, default=100, help="How many at most.")
        listing.set_defaults(action=self._list)
        show = actions.add_parser("show", help="Show one: its error, and the message as it came.")
        show.add_argument("id")
        show.set_defaults(action=self._show)
        replay = actions.add_parser("replay", help="Handle parked messages again. What fails is parked anew.")
        replay.add_argument("ids", nargs="*", metavar="ID")
        replay.add_argument("--all", action="store_true", help="All that are parked.")
        replay.set_defaults(action=self._replay)

    @override
    def handle(self, *_arguments: object, **options: Any) -> None:
        action: Callable[[dict[str, Any]], None] = options["action"]
        try:
            action(options)
        except (NotFound, Unavailable) as error:
            raise CommandError(str(error), returncode=2) from error

    def _describe(self, _options: dict[str, Any]) -> None:
        self.stdout.write(CONTRACT.read_text(encoding="utf-8"), ending="")

    def _list(self, options: dict[str, Any]) -> None:
        letters: Sequence[DeadLetter] = _with_box(lambda box: box.list(options["limit"]))
        for letter in letters:
            first_line = letter.error.splitlines()[0][:100]
            self.stdout.write(f"{letter.id}  {letter.parked_at:%Y-%m-%d %H:%M:%S}  {first_line}")
        self.stderr.write(f"{len(letters)} parked" if letters else "Nothing is parked.")

    def _show(self, options: dict[str, Any]) -> None:
        letter = _with_box(lambda box: box.get(options["id"]))
        self.stdout.write(f"parked    {letter.parked_at.isoformat()}")
        self.stdout.write(f"attempts  {letter.attempts}")
        self.stdout.write(f"error     {letter.error}")
        self.stdout.write(letter.body.decode(errors="backslashreplace"))

    def _replay(self, options: dict[str, Any]) -> None:
        if options["all"] == bool(options["ids"]):
            raise CommandError("Name the messages to replay, or say --all.", returncode=2)
        ids = None if options["all"] else options["ids"]
        count = _with_box(lambda box: box.replay(ids))
        self.stdout.write(f"{count} replayed")


def _with_box[Result](use: Callable[[Box], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with wiring.build(settings.SERVICE, METRICS) as events:
            return await use(events.dead_letters)

    return asyncio.run(run())
