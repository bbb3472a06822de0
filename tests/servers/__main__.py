"""Starts real servers for a person: python -m tests.servers [postgresql mongodb redis rabbitmq kafka consul]."""

import argparse
import shlex
import signal
import sys
import time

from tests.servers import KINDS, Run, ServerError

USUAL = [name for name in KINDS if name != "consul"]  # That one takes minutes to build.


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description="Starts real servers until Ctrl-C.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(KINDS)}; all but consul if none")
    names = parser.parse_args().names or USUAL
    if unknown := [name for name in names if name not in KINDS]:
        parser.error(f"unknown: {', '.join(unknown)} (known: {', '.join(KINDS)})")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begun = time.monotonic()
    try:
        with Run() as run:
            say(f"starting {', '.join(names)}; the first time, this installs them")
            for variable, url in run.environment(*names).items():
                print(f"export {variable}={shlex.quote(url)}", flush=True)
            say(f"ready in {time.monotonic() - begun:.1f} s; logs in {run.folder}; Ctrl-C stops them")
            while True:
                signal.pause()
    except KeyboardInterrupt:
        say("stopped")
        return 0
    except ServerError as error:
        say(str(error))
        return 1


def say(message: str) -> None:
    print(f"servers: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
