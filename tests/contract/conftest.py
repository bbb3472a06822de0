from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from .client import Caller, Contract, Service, canonical_document

HERE = Path(__file__).parent
OPTIONS = {
    "--service-url": "where the service runs, such as http://127.0.0.1:8000",
    "--admin-email": "an admin of the service",
    "--admin-password": "the admin's password",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract", "contract suite: needs a running service, and leaves the users it makes behind")
    for option, purpose in OPTIONS.items():
        group.addoption(option, help=purpose)


def pytest_configure(config: pytest.Config) -> None:
    """Asked for by path, the suite runs or says what it needs; it never just skips."""
    given = {option: config.getoption(option, None) for option in OPTIONS}
    if not any(given.values()) and not _is_asked_for(config):
        return
    missing = [option for option, value in given.items() if not value]
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
