from typing import override

from django.core.management.base import BaseCommand

from service.events.management.working import work


class Command(BaseCommand):
    help = "Handle the events that the broker delivers, until told to stop."

    @override
    def handle(self, *_arguments: object, **_options: object) -> None:
        work(lambda events: events.consumer)
