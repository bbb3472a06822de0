"""Runs them all, or those that are named: `python -m benchmarks [generation] [throughput] [events]`."""

import sys

from benchmarks import events, generation, throughput

ALL = {"generation": generation.main, "throughput": throughput.main, "events": events.main}

if __name__ == "__main__":
    names = sys.argv[1:] or list(ALL)
    if unknown := [name for name in names if name not in ALL]:
        sys.exit(f"There is no benchmark {unknown[0]}; there are {', '.join(ALL)}.")
    for name in names:
        ALL[name]()
