"""Where the template is: the root of a checkout of Bedplate, or the copy that an installed wheel carries."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

REPOSITORY = "https://github.com/bedplate/bedplate.git"
"""What the answers file of a project names when the template came from a wheel: plain Copier can update from it."""

_PACKAGE = Path(__file__).resolve().parent
_CARRIED = _PACKAGE / "template"  # put there by pyproject.toml's force-include; no such folder in a checkout
_CHECKOUT = _PACKAGE.parents[1]


@dataclass(frozen=True)
class Source:
    """A template on this machine.

    Attributes:
        folder: Holds `copier.yml`.
        address: What projects record as `_src_path`: absolute, so that Copier finds it from inside the project.
        release: The tag that projects record as `_commit`; `None` where Git knows it.
    """

    folder: Path
    address: str
    release: str | None


def find() -> Source:
    """Finds the template that belongs to this installation."""
    if _CARRIED.is_dir():
        return Source(folder=_CARRIED, address=REPOSITORY, release=f"v{version('bedplate')}")
    return Source(folder=_CHECKOUT, address=str(_CHECKOUT), release=None)
