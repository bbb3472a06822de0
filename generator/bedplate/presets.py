"""The named sets of answers, as `presets.yml` states them."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml

from bedplate.errors import Refusal

_FILE = Path(__file__).with_name("presets.yml")


@dataclass(frozen=True)
class Preset:
    name: str
    help: str
    answers: Mapping[str, object]


def read() -> dict[str, Preset]:
    """Reads the presets, by name."""
    entries = yaml.safe_load(_FILE.read_bytes())
    return {name: Preset(name, entry["help"], entry["answers"]) for name, entry in entries.items()}


def answers(name: str | None) -> Mapping[str, object]:
    """Looks up what a preset answers; none answers nothing.

    Raises:
        Refusal: There is no such preset.
    """
    if name is None:
        return {}
    known = read()
    if name not in known:
        near = get_close_matches(name.lower(), known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise Refusal(f"--preset: there is no preset {name!r}.{hint}\nChoose from: {', '.join(known)}.")
    return known[name].answers
