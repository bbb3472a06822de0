from httpx import AsyncClient

from service.platform.metrics import Metrics
from tests.people import Person


async def test_requests_are_counted_by_route_and_status(anyone: AsyncClient, ann: Person, metrics: Metrics) -> None:
    for _ in range(2):
        await ann.http.get(ann.path)
    await ann.http.get("/v1/users/nobody")
    await anyone.get(ann.path)
    await anyone.get("/nowhere")
    await anyone.request("BREW", "/v1/users")

    def requests(method: str, route: str, status: int) -> float | None:
        labels = {"method": method, "route": route, "status": str(status)}
        return metrics.registry.get_sample_value("http_requests_total", labels)

    assert requests("GET", "/v1/users/{user_id}", 200) == 2
    assert requests("GET", "/v1/users/{user_id}", 403) == 1
    assert requests("GET", "/v1/users/{user_id}", 401) == 1
    assert requests("GET", "unknown", 404) == 1
    assert requests("other", "/v1/users", 405) == 1


async def test_requests_and_statements_are_timed(ann: Person, metrics: Metrics) -> None:
    await ann.http.get(ann.path)

    route = {"method": "GET", "route": "/v1/users/{user_id}"}
    assert metrics.registry.get_sample_value("http_request_duration_seconds_count", route) == 1
    seconds = metrics.registry.get_sample_value("http_request_duration_seconds_sum", route)
    assert seconds
    assert 0 < seconds < 10
    counted = [
        sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "db_statement_duration_seconds_count"
    ]
    assert sum(counted) >= 3


async def test_metrics_are_served_as_text(anyone: AsyncClient, ann: Person) -> None:
    await ann.http.get(ann.path)

    response = await anyone.get("/metrics")

    assert response.headers["content-type"].startswith("text/plain; version=1.0.0")
    for name in (
        "http_requests_total",
        "http_request_duration_seconds_bucket",
        "db_statement_duration_seconds_bucket",
        'db_pool_connections{state="in_use"}',
        'db_pool_connections{state="idle"}',
        "process_resident_memory_bytes",
    ):
        assert name in response.text
