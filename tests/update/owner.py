"""What the owner of a project does to it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .history import append, change


@dataclass(frozen=True)
class Work:
    """What is done to the projects of a framework.

    Attributes:
        resource: New files, and what they hold.
        example: A test that is deleted.
        style: A file of settings of the tools, a setting in it, and what it is changed to.
        reformatted: A file, the indentation that it has, and the one that it gets.
        manifest: Where the dependencies are.
        depend: Adds a dependency to the manifest's text, in its place in the alphabet, among those of the choices.
    """

    resource: Mapping[str, str]
    example: str
    style: tuple[str, str, str]
    reformatted: tuple[str, str, str]
    manifest: str
    depend: Callable[[str], str]


def _python(manifest: str) -> str:
    head, start, rest = manifest.partition("\ndependencies = [\n")
    entries, end, tail = rest.partition("]\n")
    return "".join([head, start, *sorted([*entries.splitlines(keepends=True), '    "anyio>=4",\n']), end, tail])


def _node(manifest: str) -> str:
    content = json.loads(manifest)
    content["dependencies"] = dict(sorted([*content["dependencies"].items(), ("p-map", "^7.0.0")]))
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _go(manifest: str) -> str:
    head, start, rest = manifest.partition("\nrequire (\n")
    entries, end, tail = rest.partition(")\n")
    return "".join(
        [head, start, *sorted([*entries.splitlines(keepends=True), "\tgithub.com/samber/lo v1.51.0\n"]), end, tail]
    )


WORK: Mapping[str, Work] = {
    "fastapi": Work(
        resource={
            "service/domain/orders.py": (
                '"""Orders."""\n\n\ndef total(prices: list[int]) -> int:\n    return sum(prices)\n'
            ),
            "tests/domain/test_orders.py": (
                "from service.domain.orders import total\n\n\n"
                "def test_total() -> None:\n    assert total([1, 2]) == 3\n"
            ),
        },
        example="tests/domain/test_paging.py",
        style=("pyproject.toml", "line-length = 120", "line-length = 110"),
        reformatted=("service/domain/users.py", "    ", "\t"),
        manifest="pyproject.toml",
        depend=_python,
    ),
    "django": Work(
        resource={
            "service/orders/__init__.py": "",
            "service/orders/prices.py": (
                '"""Orders."""\n\n\ndef total(prices: list[int]) -> int:\n    return sum(prices)\n'
            ),
            "tests/orders/__init__.py": "",
            "tests/orders/test_prices.py": (
                "from service.orders.prices import total\n\n\n"
                "def test_total() -> None:\n    assert total([1, 2]) == 3\n"
            ),
        },
        example="tests/domain/test_paging.py",
        style=("pyproject.toml", "line-length = 120", "line-length = 110"),
        reformatted=("service/users/selectors.py", "    ", "\t"),
        manifest="pyproject.toml",
        depend=_python,
    ),
    "express": Work(
        resource={
            "src/domain/orders.ts": (
                "export function total(prices: readonly number[]): number {\n  return prices.length;\n}\n"
            ),
            "tests/domain/orders.test.ts": (
                'import { expect, test } from "vitest";\nimport { total } from "../../src/domain/orders.ts";\n\n'
                'test("the total", () => {\n  expect(total([1, 2])).toBe(2);\n});\n'
            ),
        },
        example="tests/domain/paging.test.ts",
        style=("biome.json", '"lineWidth": 120', '"lineWidth": 110'),
        reformatted=("src/domain/users.ts", "  ", "\t"),
        manifest="package.json",
        depend=_node,
    ),
    "gin": Work(
        resource={
            "internal/domain/orders.go": (
                "package domain\n\n// Total adds prices up.\nfunc Total(prices []int) (sum int) {\n"
                "\tfor _, price := range prices {\n\t\tsum += price\n\t}\n\treturn sum\n}\n"
            ),
        },
        example="internal/domain/domain_test.go",
        style=("scripts/test", "least=90", "least=80"),
        reformatted=("internal/domain/users.go", "\t", "    "),
        manifest="go.mod",
        depend=_go,
    ),
}
"""By framework."""


def _work(answers: Mapping[str, object]) -> Work:
    return WORK[str(answers["framework"])]


def add_a_resource(project: Path, answers: Mapping[str, object]) -> None:
    for name, content in _work(answers).resource.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(content)
    append(project / "README.md", "\n## Orders\n\nThey have a total.\n")


def change_settings(project: Path, answers: Mapping[str, object]) -> None:
    name, before, after = _work(answers).style
    change(project / name, before, after)
    change(project / ".env.example", "#PORT=8000", "#PORT=9000")
    (project / ".env").write_text("SECRET_KEY=mine\n")


def delete_an_example(project: Path, answers: Mapping[str, object]) -> None:
    (project / _work(answers).example).unlink()


def reformat_a_file(project: Path, answers: Mapping[str, object]) -> None:
    name, before, after = _work(answers).reformatted
    path = project / name
    path.write_text(path.read_text().replace(before, after))


def add_a_dependency(project: Path, answers: Mapping[str, object]) -> None:
    path = project / _work(answers).manifest
    path.write_text(_work(answers).depend(path.read_text()))


EDITS = (add_a_resource, change_settings, delete_an_example, reformat_a_file)


def edit(project: Path, answers: Mapping[str, object]) -> None:
    """Does all of it."""
    for do in (*EDITS, add_a_dependency):
        do(project, answers)
