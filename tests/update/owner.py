"""What the owner of a project does to it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from .history import append
from .history import edit as change

RESOURCE = {
    "service/domain/orders.py": '"""Orders."""\n\n\ndef total(prices: list[int]) -> int:\n    return sum(prices)\n',
    "tests/domain/test_orders.py": (
        "from service.domain.orders import total\n\n\ndef test_total() -> None:\n    assert total([1, 2]) == 3\n"
    ),
}


def add_a_resource(project: Path) -> None:
    for name, content in RESOURCE.items():
        (project / name).write_text(content)
    append(project / "README.md", "\n## Orders\n\nThey have a total.\n")


def change_settings(project: Path) -> None:
    change(project / ".env.example", "#PORT=8000", "#PORT=9000")
    change(project / "pyproject.toml", "line-length = 120", "line-length = 110")
    (project / ".env").write_text("SECRET_KEY=mine\n")


def delete_an_example(project: Path) -> None:
    (project / "tests" / "domain" / "test_paging.py").unlink()


def reformat_a_file(project: Path) -> None:
    path = project / "service" / "domain" / "users.py"
    path.write_text(path.read_text().replace("    ", "\t"))


def add_a_dependency(project: Path) -> None:
    """In its place in the alphabet, as `uv add` does: beside what a choice brings and takes."""
    manifest = project / "pyproject.toml"
    text = manifest.read_text()
    head, start, rest = text.partition("\ndependencies = [\n")
    entries, end, tail = rest.partition("]\n")
    listed = sorted([*entries.splitlines(keepends=True), '    "anyio>=4",\n'])
    manifest.write_text("".join([head, start, *listed, end, tail]))


def remove_the_dependency(project: Path) -> None:
    change(project / "pyproject.toml", '    "anyio>=4",\n', "")


def add_a_resource_in_typescript(project: Path) -> None:
    (project / "src/domain/orders.ts").write_text("""/** Orders. */

export function total(prices: readonly number[]): number {
  return prices.reduce((sum, price) => sum + price, 0);
}
""")
    (project / "tests/domain/orders.test.ts").write_text("""import { expect, test } from "vitest";
import { total } from "../../src/domain/orders.ts";

test("an order has a total", () => {
  expect(total([1, 2])).toBe(3);
});
""")
    append(project / "README.md", "\n## Orders\n\nThey have a total.\n")


def change_settings_of_node(project: Path) -> None:
    change(project / ".env.example", "#PORT=8000", "#PORT=9000")
    change(project / "biome.json", '"lineWidth": 120', '"lineWidth": 110')
    (project / ".env").write_text("SECRET_KEY=mine\n")


def delete_an_example_of_node(project: Path) -> None:
    (project / "tests" / "domain" / "paging.test.ts").unlink()


def reformat_a_file_of_typescript(project: Path) -> None:
    path = project / "src" / "domain" / "users.ts"
    path.write_text(path.read_text().replace("  ", "\t"))


def add_a_dependency_of_node(project: Path) -> None:
    """In its place in the alphabet, as `npm install` does: beside what a choice brings and takes."""
    manifest = project / "package.json"
    content = json.loads(manifest.read_text())
    content["dependencies"] = dict(sorted({**content["dependencies"], "lodash": "^4.17.21"}.items()))
    manifest.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


EDITS: Mapping[str, tuple[Callable[[Path], None], ...]] = {
    "fastapi": (add_a_resource, change_settings, delete_an_example, reformat_a_file, add_a_dependency),
    "express": (
        add_a_resource_in_typescript,
        change_settings_of_node,
        delete_an_example_of_node,
        reformat_a_file_of_typescript,
        add_a_dependency_of_node,
    ),
}
"""By framework."""


def edit(project: Path, answers: Mapping[str, object]) -> None:
    for do in EDITS[str(answers["framework"])]:
        do(project)
