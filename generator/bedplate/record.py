"""What a project remembers of how it was made: its answers file."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from bedplate.errors import Refusal

FILE = ".copier-answers.yml"
# Where a change is prepared; in the project, since a rename does not leave the file system.
UNFINISHED = ".bedplate-update"
_RESTORE = f"Restore {FILE} from Git: it is written by updates, never by hand."


@dataclass(frozen=True)
class Record:
    """The content of an answers file.

    Attributes:
        address: The template's repository.
        revision: The release, or another revision, that the project is at.
        answers: By the names of their questions.
    """

    address: str
    revision: str
    answers: dict[str, object]


def find(folder: Path) -> Path:
    """Makes sure that a folder is a project's, and returns its full path.

    Raises:
        Refusal: It is not.
    """
    project = folder.resolve()
    if (project / FILE).is_file() or (project / UNFINISHED).is_dir():  # Whoever was killed may have moved it there.
        return project
    above = next((parent for parent in project.parents if (parent / FILE).is_file()), None)
    remedy = f"The project is {above}: name it by --project." if above else "Name the project's folder by --project."
    raise Refusal(f"{project} is no project's folder: it holds no {FILE}.\n{remedy}")


def read(project: Path) -> Record:
    """Reads the answers file.

    Raises:
        Refusal: It says less than an update needs.
    """
    try:
        content = yaml.safe_load((project / FILE).read_bytes())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refusal(f"{FILE} cannot be read: {' '.join(str(error).split())}\n{_RESTORE}") from error
    if not isinstance(content, dict):
        raise Refusal(f"{FILE} holds no answers.\n{_RESTORE}")
    for name in ("_src_path", "_commit"):
        if not isinstance(content.get(name), str):
            raise Refusal(f"{FILE} does not say {name}, which an update starts from.\n{_RESTORE}")
    answers = {str(name): value for name, value in content.items() if not str(name).startswith("_")}
    return Record(content["_src_path"], content["_commit"], answers)


def impossible(reason: str) -> Refusal:
    """Refuses what an answers file says."""
    return Refusal(f"{FILE}: {reason.removesuffix('\n').partition('\n')[0]}\n{_RESTORE}")
