"""The `bedplate` command.

What takes long to import is imported where it is used: Copier alone takes over half a second, a help page a tenth.
"""

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import Annotated

import typer

from bedplate.options import AnswersCommand

app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None)


def main() -> None:
    """Runs the command; exits with 0, 1 (failed), 2 (refused: nothing was written) or 130 (interrupted)."""
    try:
        status = app(prog_name="bedplate", standalone_mode=False)
    except typer.TyperException as error:
        typer.echo(_fitted(f"Error: {error.format_message()}"), err=True)
        status = error.exit_code
    sys.exit(status)


def _fitted(message: str) -> str:
    """Breaks lines between words in a terminal; whoever reads them from a pipe gets them whole."""
    if not sys.stderr.isatty():
        return message
    columns = get_terminal_size().columns
    lines = (fill(line, columns, break_long_words=False, break_on_hyphens=False) for line in message.splitlines())
    return "\n".join(lines)


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


def _preset_names(incomplete: str) -> list[str]:
    from bedplate import presets  # noqa: PLC0415

    return [name for name in presets.read() if name.startswith(incomplete)]


def _assignments(ctx: typer.Context, incomplete: str) -> list[str]:
    from bedplate import questions, source  # noqa: PLC0415

    return questions.complete(questions.read(source.find().folder), ctx.params.get("answers") or (), incomplete)


_PRESET = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        help="Start from a named set of answers, which bedplate options lists.",
        autocompletion=_preset_names,
    ),
]
_REF = Annotated[
    str | None,
    typer.Option(
        "--vcs-ref",
        metavar="REF",
        help="For work on Bedplate: the tag, branch or commit of a checkout; HEAD takes uncommitted changes along.",
    ),
]
_JSON = Annotated[bool, typer.Option("--json", help="Print it as JSON, for programs.")]
_PROJECT = Annotated[
    Path, typer.Option("--project", metavar="PATH", help="The project's folder, if not the one you stand in.")
]


@contextmanager
def _stopped(what: str) -> Generator[None]:
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
    preset: _PRESET = None,
    vcs_ref: _REF = None,
) -> None:
    """Make a new backend.

    Asks for every answer that is not given as an option, shows what will be made, and writes nothing before you agree.
    """
    with _stopped("Nothing was written."):
        from bedplate import presets  # noqa: PLC0415
        from bedplate.project import make  # noqa: PLC0415

        typer.echo(make(path, {**presets.answers(preset), **ctx.obj}, defaults=defaults, ref=vcs_ref))


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
    """Bring a project to the newest release.

    Changes what you did not touch, merges what you did, and tells what clashes. Commits nothing.
    """
    with _stopped("Nothing was changed."):
        from bedplate.report import report  # noqa: PLC0415
        from bedplate.update import update as bring  # noqa: PLC0415

        outcome = bring(project, origin=origin, ref=vcs_ref)
    typer.echo(report(outcome))


@app.command("set")
def set_answers(
    answers: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE...",
            help="The answers to change, such as database=postgresql.",
            autocompletion=_assignments,
        ),
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

        outcome = answer(project, parse(answers))
    typer.echo(report(outcome))


@app.command()
def options(*, json: _JSON = False) -> None:
    """List what can be chosen, and the presets."""
    from bedplate import presets, questions, source, tables  # noqa: PLC0415

    write = tables.as_json if json else tables.as_table
    typer.echo(write(questions.read(source.find().folder), list(presets.read().values())))


@app.command(cls=AnswersCommand)
def preview(ctx: typer.Context, *, preset: _PRESET = None, json: _JSON = False, vcs_ref: _REF = None) -> None:
    """Show what would be made.

    What is not given as an option is the default. Writes nothing.
    """
    from bedplate import presets  # noqa: PLC0415
    from bedplate.preview import preview as shown  # noqa: PLC0415

    typer.echo(shown({**presets.answers(preset), **ctx.obj}, ref=vcs_ref, json=json))


@app.command(cls=AnswersCommand)
def doctor(ctx: typer.Context, *, project: _PROJECT = Path(), preset: _PRESET = None) -> None:
    """Tell what is missing on this machine.

    Looks at the project you stand in; where there is none, at the default one. Answers given as options differ from it.
    """
    from bedplate import presets  # noqa: PLC0415
    from bedplate.doctor import examine, told  # noqa: PLC0415

    findings = list(examine(project, {**presets.answers(preset), **ctx.obj}))
    typer.echo(told(findings))
    if any(finding.there is False for finding in findings):
        raise typer.Exit(1)
