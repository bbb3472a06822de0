from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator

from service.adapters.clock import SystemClock
from service.events.models import DeadLetter
from service.events.stored import StoredEvents
from service.events.wiring import HANDLERS
from service.platform.consumer import Consumer
from service.platform.dead_letters import DeadLetterBox
from service.platform.doorbell import Doorbell
from service.platform.measuring import METRICS
from service.platform.read_only import ReadOnlyAdmin


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin[DeadLetter]):
    """Messages that could not be handled: looking at them, and handling them again."""

    list_display = ("parked_at", "summary", "attempts")
    list_filter = ("parked_at",)
    search_fields = ("id", "error")
    fields = ("id", "parked_at", "attempts", "error", "text")
    readonly_fields = ("text",)
    actions = ("replay",)

    @admin.display(description="error", ordering="error")
    def summary(self, letter: DeadLetter) -> str:
        return Truncator(letter.error).chars(100)

    @admin.display(description="body")
    def text(self, letter: DeadLetter) -> str:
        return bytes(letter.body).decode(errors="replace")

    @admin.action(description="Handle the selected messages again")
    def replay(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        count = async_to_sync(_box().replay)([letter.id for letter in letters])
        self.message_user(request, f"Messages handled again: {count}. What failed again is parked anew.", messages.INFO)


def _box() -> DeadLetterBox:  # type: ignore[type-arg]
    stored = StoredEvents(Doorbell())
    attempts = settings.SERVICE.event_attempts
    return DeadLetterBox(stored, Consumer(stored, HANDLERS, SystemClock(), METRICS, attempts=attempts))
