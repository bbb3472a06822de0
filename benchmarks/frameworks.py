"""How the service of each framework is started for a measurement, and the bare application beside it."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.project import Project, environment, run

BARE = Path(__file__).parent / "bare"


@dataclass(frozen=True)
class Framework:
    label: str
    serve: Callable[[Project], list[str]]
    """The command that serves; itself, not by way of make, so that it can be stopped at once."""
    bare: Callable[[Project, str, int], list[str]]
    """The same of the bare application, on a database and a port, in the environment of the project."""


def _python(project: Project, *arguments: str) -> list[str]:
    return [str(project.folder / ".venv/bin/python"), *arguments]


def _copied(framework: str, project: Project, database: str, suffix: str) -> Path:
    """The application in a folder of the project, where it finds the packages of that; gives the folder."""
    folder = project.folder / "bare"
    folder.mkdir(exist_ok=True)
    shutil.copy(BARE / framework / f"app.{suffix}", folder)
    shutil.copy(BARE / framework / f"{database}.{suffix}", folder / f"database.{suffix}")
    return folder


def _bare_fastapi(project: Project, database: str, port: int) -> list[str]:
    app = f"{'mongodb' if database == 'mongodb' else 'sql'}:app"
    return _python(project, "-m", "uvicorn", "--app-dir", str(BARE / "fastapi"), app, "--port", str(port))


def _bare_django(project: Project, database: str, port: int) -> list[str]:
    folder = _copied("django", project, database, "py")
    return _python(project, "-m", "uvicorn", "--app-dir", str(folder), "app:application", "--port", str(port))


def _bare_express(project: Project, database: str, _port: int) -> list[str]:
    return ["node", str(_copied("express", project, database, "mjs") / "app.mjs")]


def _bare_gin(project: Project, database: str, _port: int) -> list[str]:
    folder = project.folder / "cmd/bare"
    folder.mkdir(exist_ok=True)
    names = ["main.go", f"{database}.go", *(["sql.go"] if database != "mongodb" else [])]
    for name in names:
        shutil.copy(BARE / "gin" / name, folder)
    run(
        ["go", "build", "-trimpath", "-o", "bin/bare", "./cmd/bare"],
        project.folder,
        environment() | {"CGO_ENABLED": "0"},
    )
    return ["bin/bare"]


FRAMEWORKS: Mapping[str, Framework] = {
    "fastapi": Framework("FastAPI", lambda project: _python(project, "-m", "service", "serve"), _bare_fastapi),
    "django": Framework("Django", lambda project: _python(project, "manage.py", "serve"), _bare_django),
    "express": Framework("Express", lambda _: ["node", "dist/main.js", "serve"], _bare_express),
    "gin": Framework("Gin", lambda _: ["bin/service", "serve"], _bare_gin),
}
