"""How much of the template is plain source, and how often the rest branches: `make stats`."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

from jinja2 import Environment, nodes

from tests import template

TAGS = ("{{", "{%", "{#")


@dataclass(frozen=True)
class Source:
    """A file that projects, or files of projects, are made from."""

    path: Path

    @cached_property
    def lines(self) -> list[str]:
        return (template.ROOT / self.path).read_text().splitlines()

    @property
    def is_rendered(self) -> bool:
        """Whether Copier looks for tags in it; other files may have any braces."""
        return self.path.suffix == ".jinja" or self.path.parts[0] == "fragments"

    @cached_property
    def tagged_lines(self) -> int:
        return sum(any(tag in line for tag in TAGS) for line in self.lines) if self.is_rendered else 0

    @cached_property
    def conditions(self) -> list[nodes.Node]:
        """What its `if`, `elif` and conditional expressions, and the filters of its loops, test."""
        return conditions("\n".join(self.lines)) if self.is_rendered else []

    @property
    def on_several_answers(self) -> list[set[str]]:
        return [names for condition in self.conditions if len(names := answers_in(condition)) > 1]


def conditions(text: str) -> list[nodes.Node]:
    tree = Environment(autoescape=True).parse(text)
    return [node.test for node in tree.find_all((nodes.If, nodes.CondExpr, nodes.For)) if node.test]


def answers_in(condition: nodes.Node) -> set[str]:
    names = [condition] if isinstance(condition, nodes.Name) else condition.find_all(nodes.Name)
    return {name.name for name in names} & template.questions().keys()


def sources() -> list[Source]:
    return [Source(path) for path in template.files()]


def plain_files(files: list[Source]) -> float:
    return sum(not file.tagged_lines for file in files) / len(files)


def plain_lines(files: list[Source]) -> float:
    return 1 - sum(file.tagged_lines for file in files) / sum(len(file.lines) for file in files)


def report() -> Iterator[str]:
    files = sources()
    rendered = [file for file in files if file.tagged_lines]
    branches = {file: len(file.conditions) for file in rendered}
    worst = max(rendered, key=lambda file: branches[file])
    yield f"{len(files)} files, {sum(len(file.lines) for file in files)} lines"
    yield f"{plain_files(files):.1%} of the files and {plain_lines(files):.1%} of the lines have no tag"
    yield f"conditionals in a file with tags: median {median(branches.values()):g}, most {branches[worst]}"
    yield from (f"{count:4} {file.path}" for file, count in sorted(branches.items(), key=lambda each: -each[1]))


if __name__ == "__main__":
    print("\n".join(report()))
