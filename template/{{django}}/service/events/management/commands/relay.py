from typing import override

from django.core.management.base import BaseCommand

from service.events.management.working import work


class Command(BaseCommand):
    help = "Publish what the outbox holds, until told to stop."

    @override
    def handle(self, *_arguments: object, **_options: object) -> None:
        work(lambda events: events.relay)
