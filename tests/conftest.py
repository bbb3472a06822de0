import os

pytest_plugins = ["tests.schedule", "tests.servers.plugin", "tests.variants.clock", "tests.faults.figures"]


def pytest_configure() -> None:
    """Lets whatever the tests start keep what it compiles, or else each process would compile all of it anew."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
