import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog
from pydantic import SecretStr
from structlog.contextvars import bound_contextvars

from service import about
from service.platform import logs
from service.settings import Settings

PASSWORD = "correct horse battery staple"

type Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def configuration_is_put_back() -> Iterator[None]:
    structlog_before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    structlog.configure(**structlog_before)
    root.handlers[:] = handlers
    root.setLevel(level)


def fail_with(password: str) -> None:
    raise RuntimeError(f"no luck with {len(password)} characters")


def configure(
    *, environment: Literal["development", "production"], log_level: Literal["debug", "info", "warning", "error"]
) -> None:
    secret = SecretStr("not used")
    logs.configure(Settings.model_construct(None, secret_key=secret, environment=environment, log_level=log_level))


def json_lines(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_lines_of_the_service_and_of_libraries_look_alike(capsys: Capture) -> None:
    configure(environment="production", log_level="info")
    with bound_contextvars(request_id="this-one"):
        structlog.get_logger().warning("of the service", number=1)
        logging.getLogger("some.library").warning("of a %s", "library")

    ours, theirs = json_lines(capsys)
    assert ours.pop("timestamp").endswith("Z")
    assert theirs.pop("timestamp").endswith("Z")
    common = {"level": "warning", "request_id": "this-one", "service": about.NAME}
    assert ours == {"event": "of the service", "number": 1, **common}
    assert theirs == {"event": "of a library", **common}


def test_levels_below_the_chosen_one_are_left_out(capsys: Capture) -> None:
    configure(environment="production", log_level="error")
    for log in (structlog.get_logger(), logging.getLogger("some.library")):
        log.warning("too much")
        log.error("not too much")

    assert [line["event"] for line in json_lines(capsys)] == ["not too much"] * 2


def test_what_libraries_do_step_by_step_is_left_out(capsys: Capture) -> None:
    configure(environment="production", log_level="debug")
    structlog.get_logger().debug("of the service")
    logging.getLogger("some.library").info("a step, with a secret in it")

    assert [line["event"] for line in json_lines(capsys)] == ["of the service"]


def test_a_traceback_is_one_line_without_the_values_of_variables(capsys: Capture) -> None:
    configure(environment="production", log_level="info")
    for log in (structlog.get_logger(), logging.getLogger("some.library")):
        try:
            fail_with(PASSWORD)
        except RuntimeError:
            log.exception("it failed")

    lines = json_lines(capsys)
    assert [line["event"] for line in lines] == ["it failed"] * 2
    for line in lines:
        assert line["exception"][0]["exc_type"] == "RuntimeError"
        assert "no luck with 28 characters" in str(line)
        assert "fail_with" in str(line)
        assert PASSWORD not in str(line)


def test_people_see_no_values_of_variables_either(capsys: Capture) -> None:
    configure(environment="development", log_level="debug")
    try:
        fail_with(PASSWORD)
    except RuntimeError:
        structlog.get_logger().exception("it failed", number=1)

    shown = capsys.readouterr().err
    assert "it failed" in shown
    assert "number=1" in shown
    assert "RuntimeError: no luck with 28 characters" in shown
    assert PASSWORD not in shown
