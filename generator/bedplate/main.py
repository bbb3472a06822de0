"""The `bedplate` command.

What takes long to import is imported where it is used: Copier alone takes over half a second, a help page a tenth.
"""

import signal
import sys
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
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Cleans up as after Ctrl-C.
    try:
        from bedplate.project import make  # noqa: PLC0415

        typer.echo(make(path, ctx.obj, defaults=defaults, ref=vcs_ref))
    except (EOFError, KeyboardInterrupt):
        typer.echo("\nStopped. Nothing was written.", err=True)
        raise typer.Exit(130) from None
