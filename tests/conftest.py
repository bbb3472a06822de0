import os
import signal

pytest_plugins = ["tests.schedule", "tests.servers.plugin", "tests.variants.clock", "tests.faults.figures"]


def pytest_configure() -> None:
    """Lets whatever the tests start begin as it would for a person."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # Or else each process would compile all of it anew.
    # A shell lets what it starts in the background ignore Ctrl-C, and whatever that starts as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
