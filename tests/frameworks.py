"""What the tests have to know of each framework; everything else about a project they learn by its verbs."""

import ast
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Framework:
    """Where things are in its projects, and how to read them."""

    manifest: str
    dependencies: Callable[[str], list[str]]
    """The packages that the manifest's text asks for, as options.yml writes them."""
    settings: str
    """The file that holds the typed settings."""
    setting_names: Callable[[str], list[str]]
    """The names of the settings in that file's text, as the environment writes them."""
    made_by_setup: frozenset[str]
    """What `git status` tells of a committed project when `make setup` has pinned its packages."""


def _python_dependencies(manifest: str) -> list[str]:
    found: list[str] = tomllib.loads(manifest)["project"]["dependencies"]
    return found


def _python_settings(module: str) -> list[str]:
    [settings] = [node for node in ast.parse(module).body if isinstance(node, ast.ClassDef) and node.name == "Settings"]
    return [ast.unparse(node.target).upper() for node in settings.body if isinstance(node, ast.AnnAssign)]


def _node_dependencies(manifest: str) -> list[str]:
    return [f"{name}@{bounds}" for name, bounds in json.loads(manifest)["dependencies"].items()]


def _typescript_settings(module: str) -> list[str]:
    names = re.findall(r"^  (\w+): a\.", module, re.MULTILINE)
    return [re.sub(r"(?=[A-Z])", "_", name).upper() for name in names]


def _go_dependencies(manifest: str) -> list[str]:
    direct, _, _ = manifest.partition("\n)")
    return re.findall(r"^\t(\S+ v\S+)$", direct, re.MULTILINE)


def _go_settings(module: str) -> list[str]:
    return re.findall(r'from\.\w+\("([A-Z][A-Z_0-9]*)"', module)


_PYTHON = Framework(
    manifest="pyproject.toml",
    dependencies=_python_dependencies,
    settings="service/settings.py",
    setting_names=_python_settings,
    made_by_setup=frozenset({"?? uv.lock"}),
)
FRAMEWORKS: Mapping[str, Framework] = {
    "fastapi": _PYTHON,
    "django": _PYTHON,
    "express": Framework(
        manifest="package.json",
        dependencies=_node_dependencies,
        settings="src/settings.ts",
        setting_names=_typescript_settings,
        made_by_setup=frozenset({"?? package-lock.json"}),
    ),
    "gin": Framework(
        manifest="go.mod",
        dependencies=_go_dependencies,
        settings="internal/settings/settings.go",
        setting_names=_go_settings,
        made_by_setup=frozenset({" M go.mod", "?? go.sum"}),
    ),
}
