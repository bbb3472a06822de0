"""Runs them all, or those that are named: `python -m benchmarks [generation] [throughput] [events] [framework ...]`."""

import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks import events, generation, throughput
from benchmarks.frameworks import FRAMEWORKS

ALL: Mapping[str, Callable[[Sequence[str]], None]] = {
    "generation": lambda _: generation.main(),
    "throughput": throughput.main,
    "events": events.main,
}

if __name__ == "__main__":
    names = sys.argv[1:]
    if unknown := [name for name in names if name not in {**ALL, **FRAMEWORKS}]:
        sys.exit(f"There is no benchmark or framework {unknown[0]}; there are {', '.join([*ALL, *FRAMEWORKS])}.")
    frameworks = [name for name in FRAMEWORKS if name in names] or list(FRAMEWORKS)
    for name in [name for name in ALL if name in names] or ALL:
        ALL[name](frameworks)
