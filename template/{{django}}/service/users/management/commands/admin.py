import getpass
import os
from typing import override

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic import ValidationError

from service.domain.errors import EmailTaken
from service.platform.schemas import in_words
from service.users.schemas import UserCreate
from service.users.services import add_user


class Command(BaseCommand):
    help = (
        "Make an admin, such as the first one. The password, of at least 12 characters, comes from the environment "
        "(ADMIN_PASSWORD) or from the prompt, so that it stays out of the shell's history."
    )

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="with which to sign in")
        parser.add_argument("--name", default="Admin", help="what to call them")

    @override
    def handle(self, *, email: str, name: str, **_options: object) -> None:
        try:
            new = UserCreate(email=email, name=name, password=_password(), role="admin")
        except ValidationError as error:
            wrong = (f"{each['loc'][0]}: {in_words(each)}" for each in error.errors(include_input=False))
            raise CommandError("\n".join(wrong), returncode=2) from None
        try:
            user = add_user(new.to_new_user())
        except EmailTaken:
            self.stdout.write(f"There is a user {new.email} already; nothing has changed.")
        else:
            self.stdout.write(f"{user.email} can sign in now, as an admin.")


def _password() -> str:
    if password := os.environ.get("ADMIN_PASSWORD"):
        return password
    password = getpass.getpass("Password: ")
    if getpass.getpass("Repeat for confirmation: ") != password:
        raise CommandError("The two passwords differ.", returncode=2)
    return password
