"""What Copier is asked to do, and what becomes of it in the hands of a person."""

import os
import re
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
import yaml
from bedplate.answers import default
from bedplate.engine import MISSING, Form, opened
from bedplate.source import Source
from copier import run_update
from pytest_copie.plugin import Copie

from tests import template
from tests.frameworks import FRAMEWORKS

from .project import Project, expect_none, quick_copier, render

ANSWERS = ".copier-answers.yml"
NEEDS_TRUST = {"_tasks", "_migrations", "_jinja_extensions"}
# What runs, editors and systems leave in a folder that people work in.
LITTER = (
    *(".DS_Store", "x~", ".git/config", ".venv/x", "node_modules/x", ".pytest_cache/x", ".ruff_cache/x"),
    *("service/x.pyc", "service/x.pyo", "service/__pycache__/x"),
)
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


# ------------------------------------------------------------------------------ the configuration


def test_no_trust_is_needed() -> None:
    assert not NEEDS_TRUST & template.configuration().keys()


def test_every_choice_belongs_to_a_question_whose_first_choice_is_its_default() -> None:
    for name, entry in template.questions().items():
        values = [value["value"] if isinstance(value, dict) else value for value in entry.get("choices", {}).values()]
        assert not values or entry["default"] in (values[0], []), name


def test_litter_does_not_get_into_projects(
    copie_session: Copie, source: Path, projects: list[Project], tmp_path: Path
) -> None:
    littered = tmp_path / "template"
    shutil.copytree(source, littered)
    for layer in (littered / "template").iterdir():
        for name in LITTER if layer.is_dir() else ():
            (layer / name).parent.mkdir(parents=True, exist_ok=True)
            (layer / name).write_text("litter\n")
    project = render(copie_session, littered, projects[0].answers)
    assert project.files.keys() == projects[0].files.keys()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_leaves_the_projects_of_the_others_alone(
    copie_session: Copie, source: Path, projects: list[Project], tmp_path: Path, framework: str
) -> None:
    alone = tmp_path / "template"
    shutil.copytree(source, alone)
    for other in FRAMEWORKS.keys() - {framework}:
        shutil.rmtree(alone / "template" / f"{{{{{other}}}}}")
        shutil.rmtree(alone / "fragments" / other)
    original = next(project for project in projects if project.answers["framework"] == framework)
    project = render(copie_session, alone, original.answers)
    differing = {name for name, content in original.files.items() if project.files.get(name) != content}
    assert project.files.keys() == original.files.keys()
    assert differing == {ANSWERS}  # It names the template.


# ------------------------------------------------------------------------------ the files


def test_layers_never_write_the_same_path() -> None:
    expect_none(
        f"{path} is in several layers of {template.name_of(answers)}"
        for answers, layers in _layers_in_use()
        for path, count in Counter(path for layer in layers for path in _paths_of(layer)).items()
        if count > 1
    )


def test_every_layer_is_in_use() -> None:
    layers = {name.parts[1] for name in template.files() if name.parts[0] == "template" and len(name.parts) > 2}
    assert layers == {layer for _, layers in _layers_in_use() for layer in layers}


def _layers_in_use() -> Iterator[tuple[template.Answers, list[str]]]:
    """The folders of the template that fold into the root of a project, for each combination of choices."""
    layers = {name.parts[1] for name in template.files() if name.parts[0] == "template" and len(name.parts) > 2}
    for answers in template.legal():
        values = _hidden_answers(answers)
        yield answers, sorted(layer for layer in layers if values[layer.strip("{}")] == ".")


def _hidden_answers(answers: template.Answers) -> dict[str, object]:
    found: dict[str, object] = {}
    with opened(Source(folder=template.ROOT, address=str(template.ROOT), release="v0")) as opened_template:
        form = Form(opened_template, template.ROOT / "nowhere")
        for question in form.questions():
            value = answers.get(question.var_name, default(question))
            if value is not MISSING:
                form.record(question.var_name, value)
                found[question.var_name] = value
    return found


def _paths_of(layer: str) -> Iterator[str]:
    for name in template.files():
        if name.parts[:2] == ("template", layer):
            yield "/".join(name.parts[2:]).removesuffix(".jinja").lower()


def test_there_are_no_symbolic_links(projects: list[Project]) -> None:
    expect_none(str(name) for name in template.files() if (template.ROOT / name).is_symlink())
    expect_none(
        f"{project}: {name}" for project in projects for name in project.files if (project.folder / name).is_symlink()
    )


def test_scripts_can_be_run_and_nothing_else_can(projects: list[Project]) -> None:
    expect_none(
        f"{project}: {name}"
        for project in projects
        for name, content in project.files.items()
        if content.startswith(b"#!") != bool((project.folder / name).stat().st_mode & stat.S_IXUSR)
    )
    scripts = [project.folder / "scripts/uv" for project in projects]
    assert any(script.exists() for script in scripts)
    assert all(os.access(script, os.X_OK) for script in scripts if script.exists())


def test_names_are_legal_on_windows(projects: list[Project]) -> None:
    expect_none(f"{project}: {name}" for project in projects for name in project.files if not _is_legal(name))
    for project in projects:
        names = Counter(name.lower() for name in project.files)
        expect_none(f"{project}: {name} twice, but for its case" for name, count in names.items() if count > 1)


def _is_legal(name: str) -> bool:
    return len(name) < 150 and not any(
        re.search(r'[<>:"|?*\\\x00-\x1f]|[. ]$', part) or RESERVED.fullmatch(part) for part in PurePosixPath(name).parts
    )


# ------------------------------------------------------------------------------ copies and updates


def test_a_copy_from_a_relative_path_knows_its_template(repository: Path, tmp_path: Path) -> None:
    project = _copy(Path(), tmp_path / "project", cwd=repository)
    assert _answers(project)["_src_path"] == str(repository)
    assert _answers(project)["_commit"] == "v0.1.0"


def test_an_update_changes_what_a_release_changed_and_nothing_else(repository: Path, tmp_path: Path) -> None:
    project = _copy(repository, tmp_path / "project")
    (project / "Makefile").write_text((project / "Makefile").read_text() + "\nmine:\n")
    _commit_all(project)

    with quick_copier():
        run_update(project, defaults=True, overwrite=True, quiet=True)
    assert _status(project) == []

    (repository / "template" / "{{shared}}" / "NEWS").write_text("news\n")
    _commit_all(repository, tag="v0.2.0")
    with quick_copier():
        run_update(project, defaults=True, overwrite=True, quiet=True)
    assert _status(project) == [f" M {ANSWERS}", "?? NEWS"]
    assert _answers(project)["_commit"] == "v0.2.0"


@pytest.fixture
def repository(source: Path, tmp_path: Path) -> Path:
    """The template as a release of its own repository."""
    folder = tmp_path / "repository"
    shutil.copytree(source, folder)
    _commit_all(folder, tag="v0.1.0")
    return folder


def _copy(source: Path, target: Path, cwd: Path = template.ROOT) -> Path:
    command = [sys.executable, "-m", "copier", "copy", "--defaults", str(source), str(target)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return target


def _commit_all(folder: Path, tag: str | None = None) -> None:
    if not (folder / ".git").exists():
        _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "All of it")
    if tag:
        _git(folder, "tag", tag)


def _status(folder: Path) -> list[str]:
    return sorted(_git(folder, "status", "--porcelain", "--untracked-files=all").splitlines())


def _git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def _answers(project: Path) -> dict[str, str]:
    return yaml.safe_load((project / ANSWERS).read_text())
