"""Bedplate as people have it: built as a wheel, and installed in an environment of its own."""

import subprocess
import sys
from pathlib import Path

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


def _uv(*arguments: str) -> None:
    subprocess.run([str(UV), *arguments], cwd=ROOT, check=True)
