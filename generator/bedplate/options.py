"""A command with an option for each question of `copier.yml`, made when the command is used and no sooner."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, override

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:  # Typer keeps its Click to itself; only the types of three overridden methods are needed.
    from typer._click import Context, HelpFormatter
    from typer._click import Parameter as Param

    from bedplate.questions import Question


class AnswersCommand(TyperCommand):
    """Adds the options, and hands what they were given to the command's function in `ctx.obj`, an `answers.Given`."""

    _options: "Sequence[Param]" = ()

    @override
    def get_params(self, ctx: "Context") -> "list[Param]":
        if not self._options:
            from bedplate import questions, source  # noqa: PLC0415 PyYAML takes as long to import as half of Typer.

            self._options = _options(questions.read(source.find().folder))
        return [*super().get_params(ctx), *self._options]

    @override
    def invoke(self, ctx: "Context") -> object:
        given = {param.name: ctx.params.pop(param.name) for param in self._options}
        ctx.obj = {name: value for name, value in given.items() if value not in (None, ())}
        return super().invoke(ctx)

    @override
    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Groups the options by their panel, which Typer does with Rich only (0.2 s, and boxes)."""
        groups = defaultdict(list)
        for param in self.get_params(ctx):
            if (record := param.get_help_record(ctx)) is not None:
                fallback = "Arguments" if param.param_type_name == "argument" else "Options"
                groups[getattr(param, "rich_help_panel", None) or fallback].append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records)


def _options(questions: "Sequence[Question]") -> "Sequence[Param]":
    """Lets Typer make the options out of a signature, as it does for a function that is written down."""

    def answers(**_given: object) -> None: ...

    vars(answers)["__signature__"] = Signature([_parameter(question) for question in questions])
    app = typer.Typer(add_completion=False)
    app.command()(answers)
    return typer.main.get_command(app).params


def _parameter(question: "Question") -> Parameter:
    text = question.help + (" (several: with commas)" if question.multiple else "")
    info = typer.Option(
        question.option,
        help=f"{text}  [default: {question.default}]",
        metavar="|".join(question.choices) or "TEXT",
        rich_help_panel="Choices" if question.choices else "About the project",
        show_default=False,
        autocompletion=_completion(question.choices),
    )
    annotation = Annotated[list[str] | None if question.multiple else str | None, info]
    return Parameter(question.name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _completion(choices: Mapping[str, str]) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        return [choice for choice in choices if choice.startswith(incomplete)]

    return complete
