"""Bedplate as people have it: built as a wheel, and installed in an environment of its own."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

from release import release

from tests.cli.support import commit, git, put_everything
from tests.template import ROOT

UV = ROOT / "template" / "{{python}}" / "scripts" / "uv"


def install(checkout: Path, folder: Path, *options: str) -> Path:
    """Builds a wheel and installs it below a folder, with the dependencies that the lock file names.

    Args:
        checkout: Where Bedplate is.
        folder: Where the wheel and the environment go.
        options: For `uv pip install`.

    Returns:
        The command.
    """
    constraints, environment = folder / "constraints.txt", folder / "venv"
    _uv("export", "--quiet", "--frozen", "--no-dev", "--no-emit-project", f"--output-file={constraints}")
    _uv("build", "--quiet", "--wheel", f"--out-dir={folder}", str(checkout))
    _uv("venv", "--quiet", f"--python={sys.executable}", str(environment))
    [wheel] = folder.glob("*.whl")
    where = (f"--python={environment}", f"--constraint={constraints}")
    _uv("pip", "install", "--quiet", *where, *options, str(wheel))
    return environment / "bin" / "bedplate"


class Versions(NamedTuple):
    """The command of this version and of the next, and the repository that both were built from."""

    this: Path
    next: Path
    public: Path


NEXT = "99.0.0"
LATER = "Told by the next release.\n"


def two_versions(folder: Path, *options: str) -> Versions:
    """Releases the work tree, and a later one that has one file more, and installs both."""
    checkout = folder / "checkout"
    put_everything(checkout)
    version = _version(checkout)
    this = _released(checkout, version, folder / "this", options, again=True)
    (checkout / "template" / "{{shared}}" / "LATER.md").write_text(LATER)
    for name, text in {"pyproject.toml": f'version = "{version}"', "CHANGELOG.md": f"## [{version}]"}.items():
        path = checkout / name
        path.write_text(path.read_text().replace(text, text.replace(version, NEXT), 1))
    commit(checkout, "Later")
    later = _released(checkout, NEXT, folder / "next", options)
    git(folder, "clone", "--quiet", "--bare", "checkout", "public.git")
    return Versions(this, later, folder / "public.git")


def _released(checkout: Path, version: str, folder: Path, options: tuple[str, ...], *, again: bool = False) -> Path:
    release(checkout, version, again=again)
    commit(checkout, f"Release {version}")
    git(checkout, "tag", f"v{version}")
    folder.mkdir()
    return install(checkout, folder, *options)


def _version(checkout: Path) -> str:
    return tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["version"]


def _uv(*arguments: str) -> None:
    subprocess.run([str(UV), *arguments], cwd=ROOT, check=True)
