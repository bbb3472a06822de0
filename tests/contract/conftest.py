from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from .client import Caller, Contract, Service, canonical_document
from .wire import PLACES, Wire

HERE = Path(__file__).parent
OPTIONS = {
    "--service-url": "where the service runs, such as http://127.0.0.1:8000",
    "--admin-email": "an admin of the service",
    "--admin-password": "the admin's password",
}
EVENT_OPTIONS = {
    "--broker-url": "where its broker is, as in its setting BROKER_URL",
    "--events-exchange": "its setting EVENTS_EXCHANGE; without one, only it can read its events",
    "--events-topic": "its setting EVENTS_TOPIC",
    "--events-stream": "its setting EVENTS_STREAM",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract", "contract suite: needs a running service, and leaves the users it makes behind")
    for option, purpose in OPTIONS.items():
        group.addoption(option, help=purpose)
    brokers = ("memory", *PLACES)
    group.addoption(
        "--broker", choices=brokers, default="memory", help="what carries its events; %(default)s if not given"
    )
    for option, purpose in EVENT_OPTIONS.items():
        group.addoption(option, help=purpose, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Asked for by path, the suite runs or says what it needs; it never just skips."""
    config.addinivalue_line("markers", "broker: speaks to the broker itself")
    config.addinivalue_line("markers", "reads_events: reads the events of the service, beside it")
    given = {option: config.getoption(option, None) for option in OPTIONS}
    if not any(given.values()) and not _is_asked_for(config):
        return
    missing = [option for option, value in given.items() if not value] + _missing_of_events(config)
    if missing:
        raise pytest.UsageError(f"the contract suite holds a running service to the contract: {', '.join(missing)}?")
    if not hasattr(config, "workerinput"):  # Of pytest-xdist; the one who sent them out has looked.
        try:
            httpx.get(f"{given['--service-url']}/livez", timeout=10)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise pytest.UsageError(f"no service answers at {given['--service-url']}: {error}") from error


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Without a service, as in an ordinary run of all tests, there is nothing to collect here."""
    return None if config.getoption("--service-url", None) else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [marker for marker, applies in _applicable(config).items() if not applies]
    deselected = [item for item in items if any(item.get_closest_marker(marker) for marker in left_out)]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in set(deselected)]


def _applicable(config: pytest.Config) -> dict[str, bool]:
    """Which tests there is something to do for, by their markers."""
    broker = config.getoption("--broker")
    is_readable = broker != "rabbitmq" or bool(config.getoption("--events-exchange"))
    return {"broker": broker != "memory", "reads_events": broker != "memory" and is_readable}


def _missing_of_events(config: pytest.Config) -> list[str]:
    broker = config.getoption("--broker", "memory")
    if broker == "memory":
        return []
    needed = ["--broker-url"] + ([] if broker == "rabbitmq" else [f"--events-{PLACES[broker]}"])
    return [option for option in needed if not config.getoption(option)]


def _is_asked_for(config: pytest.Config) -> bool:
    paths = (config.invocation_params.dir / argument.partition("::")[0] for argument in config.args)
    return any(path.resolve().is_relative_to(HERE) for path in paths)


@pytest.fixture(scope="session")
def service_url(pytestconfig: pytest.Config) -> str:
    return str(pytestconfig.getoption("--service-url")).rstrip("/")


@pytest.fixture(scope="session")
def service(pytestconfig: pytest.Config, service_url: str) -> Iterator[Service]:
    email, password = pytestconfig.getoption("--admin-email"), pytestconfig.getoption("--admin-password")
    # Connections that rest are given up before servers do so, who take five seconds.
    limits = httpx.Limits(max_connections=100, keepalive_expiry=2)
    with httpx.Client(base_url=service_url, limits=limits, timeout=30) as http:
        yield Service.at(http, Contract(canonical_document()), email, password)


@pytest.fixture(scope="session")
def anyone(service: Service) -> Caller:
    """Somebody without a token."""
    return service.anyone


@pytest.fixture(scope="session")
def admin(service: Service) -> Caller:
    return service.admin


@pytest.fixture(scope="session")
def wire(pytestconfig: pytest.Config, service: Service) -> Iterator[Wire]:
    """The broker, as another service sees it."""
    del service  # Has made its topic, queues or stream before it was ready.
    broker = pytestconfig.getoption("--broker")
    place = pytestconfig.getoption(f"--events-{PLACES[broker]}")
    reads = _applicable(pytestconfig)["reads_events"]
    with Wire(broker, pytestconfig.getoption("--broker-url"), place, reads=reads) as wire:
        yield wire
