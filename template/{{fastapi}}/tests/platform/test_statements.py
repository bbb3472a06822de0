import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from service.api.rest.app import create_app
from service.platform.metrics import Metrics
from service.platform.statements import LONGEST_STATEMENT_LOGGED, StatementTimer
from service.settings import Settings
from tests.people import PASSWORD, new_person


async def test_a_slow_statement_is_logged_without_its_parameters(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"slow_query_milliseconds": 0}))
    async with app.router.lifespan_context(app), new_person(app, "admin@example.org", role="admin") as admin:
        with capture_logs([merge_contextvars]) as lines:
            new = {"email": "secretive@example.org", "name": "Secretive", "password": PASSWORD}
            response = await admin.http.post("/v1/users", json=new, headers={"X-Request-ID": "this-one"})

    assert response.status_code == 201
    slow = [line for line in lines if line["event"] == "slow query"]
    of_the_request = [line for line in slow if line.get("request_id") == "this-one"]
    assert of_the_request
    for line in slow:
        assert line["log_level"] == "warning"
        assert line["duration_ms"] >= 0
        assert line["statement"]
    assert "users" in str([line["statement"] for line in of_the_request])
    for value in ("secretive", "bcrypt", admin.user.id, PASSWORD):
        assert value.lower() not in str(slow).lower()


async def test_a_fast_statement_is_not_logged(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"slow_query_milliseconds": 10_000}))
    with capture_logs() as lines:
        async with app.router.lifespan_context(app), new_person(app, "ann@example.org") as ann:
            await ann.http.get(ann.path)

    assert "slow query" not in [line["event"] for line in lines]


@pytest.mark.parametrize(("seconds", "is_slow"), [(0.1, False), (0.1001, True)])
def test_the_limit_is_in_milliseconds(seconds: float, is_slow: bool) -> None:  # noqa: FBT001
    metrics = Metrics()
    with capture_logs() as lines:
        StatementTimer(metrics, slow_milliseconds=100).record("SELECT", lambda: "SELECT " + "x" * 5000, seconds)

    assert len(lines) == is_slow
    for line in lines:
        assert len(line["statement"]) == LONGEST_STATEMENT_LOGGED
        assert line["duration_ms"] == 100.1
    labels = {"operation": "SELECT"}
    assert metrics.registry.get_sample_value("db_statement_duration_seconds_sum", labels) == seconds
