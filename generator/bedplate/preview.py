"""Shows what would be made, before it is."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from json import dumps
from pathlib import Path, PurePosixPath
from shutil import get_terminal_size
from textwrap import wrap

from bedplate import source
from bedplate.answers import Given, check_given, collect, default
from bedplate.engine import Form, Template, opened
from bedplate.questions import option, shown
from bedplate.trees import rendered

# A folder's folders, by name; a file is an empty one.
type _Nodes = dict[str, "_Nodes"]

_NAME = "project"


def preview(given: Given, *, ref: str | None, json: bool) -> str:
    """Lists all that would be made of the given answers, and the defaults for the rest.

    Raises:
        Refusal: An answer does not fit.
        Failure: The template fails.
    """
    with opened(source.find(), ref) as template:
        form = Form(template, Path(_NAME).resolve())
        check_given(form, given)
        answers = collect(form, given, default)
        files = rendered(template, _NAME, answers)
    if json:
        listed = [{"path": path, "bytes": len(file.content)} for path, file in sorted(files.items())]
        return dumps({"answers": answers, "files": listed}, indent=2, ensure_ascii=False)
    return "\n".join([*_told(answers), "", *tree(files)])


def summary(template: Template, target: Path, answers: Given) -> str:
    """Says what will be made at a path, briefly, and which command would make it without a question."""
    files = rendered(template, target.resolve().name, answers)
    command = _lines([f"bedplate new {shlex.quote(str(target))}", "--defaults", *_options(template, target, answers)])
    told = [*_told(answers), "", *tree(files, depth=2)]
    return "\n".join(["", *told, "", "The same without questions:", "", command, ""])


def _lines(parts: Iterable[str]) -> str:
    """Breaks a command into lines that fit the terminal, which a shell takes for one."""
    columns = get_terminal_size().columns
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 3 <= columns:
            lines[-1] += f" {part}"
        else:
            lines.append(f"    {part}" if lines else part)
    return " \\\n".join(lines)


def _told(answers: Given) -> Iterator[str]:
    width, columns = max(map(len, answers)), get_terminal_size().columns
    for name, value in answers.items():
        yield from wrap(
            shown(value), columns, initial_indent=f"  {name:{width}}  ", subsequent_indent=" " * (width + 4)
        )


def _options(template: Template, target: Path, answers: Given) -> Iterator[str]:
    """Spells the answers that are not the defaults."""
    form = Form(template, target)
    for question in form.questions():
        name = question.var_name
        usual = default(question)
        value = answers.get(name, usual)
        if name in answers and value != usual:
            text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
            yield f"{option(name)} {shlex.quote(text)}"
        form.record(name, value)


def tree(files: Mapping[str, object], depth: int | None = None) -> Iterator[str]:
    """Draws the files as a tree.

    Args:
        files: By path.
        depth: How many levels of folders to draw, with the number of files in each; all, and every file, if not given.
    """
    top: _Nodes = {}
    for path in files:
        node = top
        for part in PurePosixPath(path).parts:
            node = node.setdefault(part, {})
    yield _counted(top)
    yield from _branches(top, "", depth)


def _branches(nodes: _Nodes, indent: str, depth: int | None) -> Iterator[str]:
    folders = sorted(name for name, below in nodes.items() if below)
    names = folders if depth else [*folders, *sorted(nodes.keys() - set(folders))]
    for name in names:
        last, below = name == names[-1], nodes[name]
        label = f"{name}/" if below else name
        yield f"{indent}{'└── ' if last else '├── '}{label}{f'  {_counted(below)}' if depth else ''}"
        if depth != 1:
            yield from _branches(below, indent + ("    " if last else "│   "), depth and depth - 1)


def _counted(nodes: _Nodes) -> str:
    number = _count(nodes)
    return f"{number} file{'' if number == 1 else 's'}"


def _count(nodes: _Nodes) -> int:
    return sum(_count(below) if below else 1 for below in nodes.values())
