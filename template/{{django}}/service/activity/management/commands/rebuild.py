from typing import override

from django.core.management.base import BaseCommand

from service.activity.services import rebuild_activity


class Command(BaseCommand):
    help = "Make the activity log anew from all events, while the service runs."

    @override
    def handle(self, *_arguments: object, **_options: object) -> None:
        self.stdout.write(f"The activity log was made anew from {rebuild_activity()} events.")
