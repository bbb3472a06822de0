"""The service's commands: `python -m service --help`."""

import asyncio
import signal
import textwrap
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Never

import structlog
import typer
import uvicorn
from pydantic import ValidationError

from service import settings as environment
from service import wiring
from service.api.rest.app import create_app
from service.api.rest.schemas import UserCreate
from service.domain.errors import EmailTaken, NotFound, Unavailable
from service.domain.events import DeadLetter
from service.domain.users import User
from service.platform import logs
from service.platform.metrics import Metrics
from service.platform.schemas import in_words
from service.settings import Settings
from service.wiring import Service

log = structlog.get_logger()

CONTRACT = Path(__file__).parents[1] / "contract" / "asyncapi.yaml"
REMEDY = "See .env.example; `make setup` makes an .env for development."

commands = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
events = typer.Typer(
    no_args_is_help=True, help="Describe the events; look at those that could not be handled, and handle them again."
)
commands.add_typer(events, name="events")


@commands.command()
def serve() -> None:
    """Serve requests until told to stop, by SIGTERM or Ctrl-C."""
    settings = _prepare()
    with _failing_clearly():
        try:
            asyncio.run(_require_migrations(settings))
        except Unavailable as error:  # Until the database is back, /readyz tells that it is down.
            log.warning("the database does not answer yet", error=repr(error.__cause__ or error))
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
    )
    # Before uvicorn begins to listen for signals, and after it has ended, when it raises them again: ours ends as
    # asked, so with 0.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, server.handle_exit)
    log.info("serving", url=f"http://{settings.host}:{settings.port}", docs="/docs")
    server.run()
    if not server.started:
        raise typer.Exit(1)
    log.info("stopped")


@commands.command()
def migrate() -> None:
    """Bring the database to the newest revision."""
    settings = _prepare()
    with _failing_clearly():
        asyncio.run(wiring.database.migrate(settings))
    typer.echo("The database is at the newest revision.")


@commands.command()
def admin(
    email: Annotated[str, typer.Argument(help="With which to sign in.")],
    password: Annotated[
        str,
        typer.Option(
            envvar="ADMIN_PASSWORD",
            prompt=True,
            confirmation_prompt=True,
            hide_input=True,
            help="At least 12 characters; better in the environment or at the prompt than in the shell's history.",
        ),
    ],
    name: Annotated[str, typer.Option(help="What to call them.")] = "Admin",
) -> None:
    """Make an admin, such as the first one."""
    settings = _prepare()
    try:
        new = UserCreate(email=email, name=name, password=password, role="admin")
    except ValidationError as error:
        _fail(*(f"{each['loc'][0]}: {in_words(each)}" for each in error.errors(include_input=False)))
    try:
        with _failing_clearly():
            user = asyncio.run(_add(settings, new))
    except EmailTaken:
        typer.echo(f"There is a user {new.email} already; nothing has changed.")
    else:
        typer.echo(f"{user.email} can sign in now, as an admin.")


@commands.command()
def rebuild() -> None:
    """Make the activity log anew from all events, while the service runs."""

    async def run(service: Service) -> int:
        return await service.activity.rebuild()

    count = _with_service(run)
    typer.echo(f"The activity log was made anew from {count} events.")


@events.command("describe")
def describe_events() -> None:
    """Print what is promised about the events, as an AsyncAPI document."""
    typer.echo(CONTRACT.read_text(encoding="utf-8"), nl=False)


@events.command("list")
def list_dead_letters(limit: Annotated[int, typer.Option(help="How many at most.")] = 100) -> None:
    """List what could not be handled, oldest first."""

    async def run(service: Service) -> Sequence[DeadLetter]:
        return await service.dead_letters.list(limit)

    letters = _with_service(run)
    for letter in letters:
        typer.echo(f"{letter.id}  {letter.parked_at:%Y-%m-%d %H:%M:%S}  {letter.error.splitlines()[0][:100]}")
    typer.echo(f"{len(letters)} parked" if letters else "Nothing is parked.", err=True)


@events.command("show")
def show_dead_letter(letter_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show one: its error, and the message as it came."""

    async def run(service: Service) -> DeadLetter:
        return await service.dead_letters.get(letter_id)

    letter = _with_service(run)
    typer.echo(f"parked    {letter.parked_at.isoformat()}")
    typer.echo(f"attempts  {letter.attempts}")
    typer.echo(f"error     {letter.error}")
    typer.echo(letter.body.decode(errors="backslashreplace"))


@events.command("replay")
def replay_dead_letters(
    letter_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are parked.")] = False,  # noqa: FBT002
) -> None:
    """Handle parked messages again. What fails once more is parked anew."""
    if everything == bool(letter_ids):
        _fail("Name the messages to replay, or say --all.")

    async def run(service: Service) -> int:
        return await service.dead_letters.replay(letter_ids)

    typer.echo(f"{_with_service(run)} replayed")


def _with_service[Result](action: Callable[[Service], Awaitable[Result]]) -> Result:
    settings = _prepare()

    async def run() -> Result:
        async with wiring.build(settings, Metrics()) as service:
            return await action(service)

    with _failing_clearly():
        return asyncio.run(run())


async def _add(settings: Settings, new: UserCreate) -> User:
    await _require_migrations(settings)
    async with wiring.build(settings, Metrics()) as service:
        return await service.users.add(new.to_domain())


async def _require_migrations(settings: Settings) -> None:
    if not await wiring.database.is_migrated(settings):
        _fail("The database lacks migrations. Run `make migrate`.")


def _prepare() -> Settings:
    try:
        settings = environment.load()
    except environment.SettingsError as error:
        _fail(str(error), REMEDY)
    logs.configure(settings)
    return settings


@contextmanager
def _failing_clearly() -> Generator[None]:
    try:
        yield
    except NotFound as error:
        _fail(str(error))
    except environment.SettingsError as error:
        _fail(str(error), REMEDY)
    except Unavailable as error:
        reason = next(iter(str(error.__cause__ or "").splitlines()), "")
        _fail(textwrap.shorten(f"{error} {reason}", 300), "Check DATABASE_URL, and that the server runs.")


def _fail(*lines: str) -> Never:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    commands(prog_name="python -m service")
