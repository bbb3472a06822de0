"""Shows what would be made, before it is."""

import shlex
from collections.abc import Iterator, Mapping
from json import dumps
from pathlib import Path, PurePosixPath

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
    command = shlex.join(["bedplate", "new", str(target), "--defaults", *_options(template, target, answers)])
    return "\n".join(
        ["", *_told(answers), "", *tree(files, depth=2), "", "The same without questions:", "", command, ""]
    )


def _told(answers: Given) -> Iterator[str]:
    width = max(map(len, answers))
    return (f"  {name:{width}}  {shown(value)}" for name, value in answers.items())


def _options(template: Template, target: Path, answers: Given) -> Iterator[str]:
    """Spells the answers that are not the defaults."""
    form = Form(template, target)
    for question in form.questions():
        name = question.var_name
        usual = default(question)
        value = answers.get(name, usual)
        if name in answers and value != usual:
            yield from (option(name), ",".join(map(str, value)) if isinstance(value, list) else str(value))
        form.record(name, value)


def tree(files: Mapping[str, object], depth: int | None = None) -> Iterator[str]:
    """Draws the files as a tree.

    Args:
        files: By path.
        depth: How deep to go; below it, files are counted.
    """
    top: _Nodes = {}
    for path in files:
        node = top
        for part in PurePosixPath(path).parts:
            node = node.setdefault(part, {})
    yield f"{len(files)} files:"
    yield from _branches(top, "", depth)


def _branches(nodes: _Nodes, indent: str, depth: int | None) -> Iterator[str]:
    ordered = sorted(nodes, key=lambda name: (not nodes[name], name))  # Folders first.
    for number, name in enumerate(ordered):
        last, below = number == len(ordered) - 1, nodes[name]
        mark = f"{name}/" if below else name
        count = f"  {_count(below)} files" if below and depth == 1 else ""
        yield f"{indent}{'└── ' if last else '├── '}{mark}{count}"
        if below and depth != 1:
            yield from _branches(below, indent + ("    " if last else "│   "), depth and depth - 1)


def _count(nodes: _Nodes) -> int:
    return sum(_count(below) if below else 1 for below in nodes.values())
