"""A rendered project, and the distinct files of many."""

import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

import pytest
from copier._main import Worker
from jinja2 import Environment
from pytest_copie.plugin import Copie

from tests import template

USUAL = {"project_name": "Order desk", "description": "Takes orders and keeps them.", "author_name": "The desk"}
# The shortest, the longest and the oddest that the questions allow.
TEXTS = (
    {"project_name": "A", "description": "", "author_name": ""},
    {
        "project_name": f"Orders {'and more ' * 5}of them",
        "description": "Takes orders and keeps them, "[:25] * 8,
        "author_name": "The people of the order desk, " * 3,
        "author_email": f"{'order-desk.' * 8}@example.org",
    },
    {
        "project_name": "Order_desk - 2",
        "description": "It’s for cafés – 100 % of them: {orders}, `desks` & $more # <all>'s 中",  # noqa: RUF001
        "author_name": "Zoë O'Hara – Ордер & Co., [desk]: {1} #2 100%",  # noqa: RUF001
        "author_email": "zoë+desk@example.org",
    },
)


class Project:
    def __init__(self, answers: template.Answers, texts: Mapping[str, str], folder: Path) -> None:
        self.answers = answers
        self.texts = texts
        self.folder = folder

    def __repr__(self) -> str:
        return template.name_of(self.answers)

    @cached_property
    def files(self) -> dict[str, bytes]:
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file() or path.is_symlink())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}

    @cached_property
    def empty_folders(self) -> list[str]:
        return [folder for folder, folders, files in os.walk(self.folder) if not folders and not files]

    def text(self, name: str) -> str:
        return self.files[name].decode()


def render(copie: Copie, source: Path, answers: template.Answers, texts: Mapping[str, str] = USUAL) -> Project:
    with quick_copier():
        result = copie.copy({**texts, **answers}, template_dir=source)
    if result.exception or result.project_dir is None:
        raise AssertionError(f"{template.name_of(answers)} does not render") from result.exception
    assert {**texts, **answers}.items() <= result.answers.items()
    return Project(answers, texts, result.project_dir)


@contextmanager
def quick_copier() -> Generator[None]:
    """Spares what takes two thirds of a render's time, and comes to the same in all of them.

    Copier compiles each file name anew, and asks Git about each file of a folder that is no repository.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", _compile)
        patch.setattr(Worker, "_sync_git_index_executable_bit", _nothing)
        yield


_compile = cache(Environment.compile)


def _nothing(*_: object) -> None: ...


class Distinct(NamedTuple):
    """A content that a file has in one project or in many."""

    path: str
    content: bytes
    project: Project  # The first that has it.

    def __str__(self) -> str:
        return f"{self.path} ({self.project})"

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def name(self) -> str:
        return Path(self.path).name

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix


def distinct(projects: Iterable[Project]) -> list[Distinct]:
    found: dict[tuple[str, bytes], Distinct] = {}
    for project in projects:
        for path, content in project.files.items():
            found.setdefault((path, content), Distinct(path, content, project))
    return list(found.values())


def expect_none(complaints: Iterable[str]) -> None:
    """Fails with all complaints, a line each."""
    listed = list(complaints)
    assert not listed, "\n".join(["", *listed])
