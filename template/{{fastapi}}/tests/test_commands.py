import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service import wiring
from service.__main__ import commands
from service.domain.errors import Unavailable, WrongCredentials
from service.domain.events import DeadLetter
from service.domain.sessions import TokenPair
from service.platform import cloudevents, logs
from service.platform.metrics import Metrics
from service.ports import Database
from service.settings import Settings, SettingsError
from service.usecases.activity import ActivityLog, log_activity
from tests.events import NOON, new_event
from tests.people import PASSWORD
from tests.wiring import database as test_database

EMAIL = "Admin@example.org"


class Commands:
    """Runs the service's commands in this process, in an empty folder."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    async def __call__(self, *arguments: str, typed: str = "", **environment: str) -> tuple[int, str]:
        def run() -> tuple[int, str]:
            result = CliRunner().invoke(commands, arguments, input=typed, env={**self._environment, **environment})
            return result.exit_code, result.output

        return await asyncio.to_thread(run)  # Since each command has an event loop of its own.


def leave_logs_alone(_settings: Settings) -> None:
    """Loggers keep their first configuration, and other tests look at what they log."""


@pytest.fixture
async def command(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Commands:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(logs, "configure", leave_logs_alone)
    return Commands(environment)


async def sign_in(settings: Settings, password: str = PASSWORD) -> TokenPair:
    async with wiring.build(settings, Metrics()) as service:
        return await service.sessions.sign_in(EMAIL, password)


async def test_the_first_admin_can_sign_in(command: Commands, settings: Settings) -> None:
    status, output = await command("admin", EMAIL, ADMIN_PASSWORD=PASSWORD)

    assert (status, output) == (0, "admin@example.org can sign in now, as an admin.\n")
    async with wiring.build(settings, Metrics()) as service:
        tokens = await service.sessions.sign_in(EMAIL, PASSWORD)
        user = await service.sessions.authenticate(tokens.access_token)
    assert (user.name, user.role) == ("Admin", "admin")


async def test_the_password_can_be_typed_without_being_shown(command: Commands, settings: Settings) -> None:
    status, output = await command("admin", EMAIL, typed=f"{PASSWORD}\n{PASSWORD}\n")

    assert status == 0
    assert PASSWORD not in output
    assert await sign_in(settings)


async def test_an_admin_is_made_once(command: Commands, settings: Settings) -> None:
    await command("admin", EMAIL, ADMIN_PASSWORD=PASSWORD)
    status, output = await command("admin", EMAIL.lower(), ADMIN_PASSWORD="another horse, another battery")

    assert (status, output) == (0, "There is a user admin@example.org already; nothing has changed.\n")
    assert await sign_in(settings)
    with pytest.raises(WrongCredentials):
        await sign_in(settings, "another horse, another battery")


@pytest.mark.parametrize(
    ("email", "password", "told"),
    [
        ("admin", PASSWORD, "email: is not an e-mail address\n"),
        (EMAIL, "too short", "password: String should have at least 12 characters\n"),
    ],
)
async def test_an_admin_needs_an_address_and_a_good_password(
    command: Commands, email: str, password: str, told: str
) -> None:
    status, output = await command("admin", email, ADMIN_PASSWORD=password)

    assert (status, output) == (2, told)


@pytest.mark.parametrize("arguments", [("serve",), ("admin", EMAIL)])
async def test_a_database_without_migrations_is_refused_with_the_remedy(
    command: Commands, configured: Settings, arguments: tuple[str, ...]
) -> None:
    async with test_database.own(configured) as blank:
        url = blank["database_url"]
        refused = await command(*arguments, ADMIN_PASSWORD=PASSWORD, DATABASE_URL=url)
        migrated = await command("migrate", DATABASE_URL=url)
        made = await command("admin", EMAIL, ADMIN_PASSWORD=PASSWORD, DATABASE_URL=url)

    assert refused == (2, "The database lacks migrations. Run `make migrate`.\n")
    assert migrated == (0, "The database is at the newest revision.\n")
    assert made[0] == 0


async def test_a_database_that_does_not_answer_is_no_traceback(
    command: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise Unavailable("The database does not answer.") from ConnectionRefusedError("nobody there\nat all")

    expected = "The database does not answer. nobody there\nCheck DATABASE_URL, and that the server runs.\n"
    for function in ("migrate", "is_migrated"):
        monkeypatch.setattr(wiring.database, function, fail)
    assert await command("migrate") == (2, expected)
    assert await command("admin", EMAIL, ADMIN_PASSWORD=PASSWORD) == (2, expected)


@pytest.mark.parametrize("arguments", [("serve",), ("migrate",), ("admin", EMAIL)])
async def test_an_address_of_the_database_that_cannot_be_read_is_named(
    command: Commands, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    async def refuse(_settings: Settings) -> None:
        raise SettingsError("DATABASE_URL: cannot be read")

    for function in ("migrate", "is_migrated"):
        monkeypatch.setattr(wiring.database, function, refuse)
    status, output = await command(*arguments, ADMIN_PASSWORD=PASSWORD)

    assert status == 2
    assert output.startswith("DATABASE_URL: cannot be read\n")


async def park(database: Database, body: bytes, error: str = "RuntimeError: no luck\nat all") -> DeadLetter:
    letter = DeadLetter(body=body, error=error, attempts=5, parked_at=NOON)
    async with database.transaction() as stores:
        await stores.dead_letters.add(letter)
    return letter


async def test_messages_that_are_parked_can_be_looked_at(command: Commands, database: Database) -> None:
    assert await command("events", "list") == (0, "Nothing is parked.\n")
    letter = await park(database, b"\xff garbage")

    assert await command("events", "list", "--limit", "10") == (
        0,
        f"{letter.id}  2026-02-03 12:00:00  RuntimeError: no luck\n1 parked\n",
    )
    status, shown = await command("events", "show", letter.id)
    assert status == 0
    assert shown.splitlines() == [
        "parked    2026-02-03T12:00:00.123000+00:00",
        "attempts  5",
        "error     RuntimeError: no luck",
        "at all",
        "\\xff garbage",
    ]
    assert await command("events", "show", "unknown") == (2, "There is no parked message unknown.\n")


async def test_messages_that_are_parked_can_be_replayed(command: Commands, database: Database) -> None:
    event = new_event()
    one = await park(database, cloudevents.encode(event))
    await park(database, b"garbage")

    for arguments in ((), (one.id, "--all")):
        status, output = await command("events", "replay", *arguments)
        assert (status, output) == (2, "Name the messages to replay, or say --all.\n")
    assert (await command("events", "replay", one.id))[0] == 0
    async with database.read() as stores:
        assert [entry.id for entry in await stores.activity.page(None, None, 10)] == [event.id]
    assert (await command("events", "replay", "--all"))[0] == 0
    assert (await command("events", "list"))[1].endswith("1 parked\n")


async def test_the_activity_log_can_be_made_anew(command: Commands, database: Database) -> None:
    await database.handle_once(new_event(), log_activity)

    assert await command("rebuild") == (0, "The activity log was made anew from 1 events.\n")


async def test_a_command_whose_database_does_not_answer_says_so(
    command: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_log: ActivityLog) -> int:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(ActivityLog, "rebuild", fail)
    status, output = await command("rebuild")

    assert status == 2
    assert output == "The database does not answer.\nCheck DATABASE_URL, and that the server runs.\n"


@pytest.mark.parametrize("arguments", [("serve",), ("migrate",), ("admin", EMAIL), ("rebuild",), ("events", "list")])
async def test_settings_that_are_wrong_are_named(command: Commands, arguments: tuple[str, ...]) -> None:
    status, output = await command(*arguments, SECRET_KEY="short", PORT="none", ADMIN_PASSWORD=PASSWORD)

    assert status == 2
    assert "SECRET_KEY: " in output
    assert "PORT: " in output
