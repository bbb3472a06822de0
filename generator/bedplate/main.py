"""The `bedplate` command.

What takes long to import is imported where it is used: Copier alone takes over half a second, a help page a tenth.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bedplate.options import AnswersCommand

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def main() -> None:
    """Runs the command; exits with 0, 1 (failed), 2 (refused: nothing was written) or 130 (interrupted)."""
    try:
        status = app(prog_name="bedplate", standalone_mode=False)
    except typer.TyperException as error:
        typer.echo(f"Error: {error.format_message()}", err=True)
        status = error.exit_code
    sys.exit(status)


@app.callback(invoke_without_command=True)
def bedplate(
    ctx: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Complete backends from a few answers, kept up to date."""
    if version:
        from importlib.metadata import version as installed  # noqa: PLC0415

        typer.echo(f"bedplate {installed('bedplate')}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


_PROJECT = Annotated[
    Path, typer.Option("--project", metavar="PATH", help="The project's folder, if not the one you stand in.")
]


@app.command()
def update(
    *,
    project: _PROJECT = Path(),
    origin: Annotated[
        str | None,
        typer.Option("--from", metavar="REPOSITORY", help="Take the template from there, this once: a path or a URL."),
    ] = None,
    vcs_ref: Annotated[
        str | None, typer.Option("--vcs-ref", metavar="REF", help="Go to this release, not to the newest.")
    ] = None,
) -> None:
    """Bring a project to the newest release of its template.

    Changes what you did not touch, merges what you did, and tells what clashes. Commits nothing.
    """
    with _stopped("Nothing was changed."):
        from bedplate.report import report  # noqa: PLC0415
        from bedplate.update import update as bring  # noqa: PLC0415

        typer.echo(report(bring(project, origin=origin, ref=vcs_ref)))


@app.command("set")
def set_answers(
    answers: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE...", help="The answers to change, such as database=postgresql.")
    ],
    *,
    project: _PROJECT = Path(),
) -> None:
    """Change answers of a project.

    What belongs to the old answer goes, unless you changed it; what belongs to the new one comes. Commits nothing.
    """
    with _stopped("Nothing was changed."):
        from bedplate.report import report  # noqa: PLC0415
        from bedplate.update import answer, parse  # noqa: PLC0415

        typer.echo(report(answer(project, parse(answers))))


@contextmanager
def _stopped(what: str) -> Iterator[None]:
    """Ends well after Ctrl-C, Ctrl-D and SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except (EOFError, KeyboardInterrupt):
        typer.echo(f"\nStopped. {what}", err=True)
        raise typer.Exit(130) from None


@app.command(cls=AnswersCommand)
def new(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The project's folder: a new one, or an empty one.")],
    *,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Ask nothing: what is not given is the default.")
    ] = False,
    vcs_ref: Annotated[
        str | None,
        typer.Option(
            "--vcs-ref",
            metavar="REF",
            help="For work on Bedplate: the tag, branch or commit of a checkout; HEAD takes uncommitted changes along.",
        ),
    ] = None,
) -> None:
    """Make a new backend.

    Asks for every answer that is not given as an option, and writes nothing before the last one.
    """
    with _stopped("Nothing was written."):
        from bedplate.project import make  # noqa: PLC0415

        typer.echo(make(path, ctx.obj, defaults=defaults, ref=vcs_ref))
