"""For the machinery around the service. Keep these away from the public."""

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse
from ninja import Router, Status
from prometheus_client import CONTENT_TYPE_PLAIN_1_0_0

from service.platform import health
from service.platform.caching import cache
from service.platform.health import Dependency
from service.platform.measuring import METRICS
from service.platform.schemas import DependencyHealth, Liveness, Readiness

router = Router(tags=["operations"])


def _ask_database() -> None:
    try:
        connection.ensure_connection()
        if not connection.is_usable():
            connection.close()
            connection.connect()
    finally:
        connection.close()


def _ask_cache() -> None:
    cache.read("ping")


DEPENDENCIES = [
    Dependency("database", sync_to_async(_ask_database, thread_sensitive=False)),
    Dependency("cache", sync_to_async(_ask_cache, thread_sensitive=False), required=False),
]


@router.get("/livez", response=Liveness, operation_id="livez", summary="Does the process live?")
async def livez(request: HttpRequest) -> Liveness:
    """Asks nothing else. If this fails, restart the process."""
    return Liveness(status="ok")


@router.get(
    "/readyz",
    response={200: Readiness, 503: Readiness},
    operation_id="readyz",
    summary="Can it serve requests now?",
)
async def readyz(request: HttpRequest) -> Status[Readiness]:
    """Asks every dependency. While this fails, send requests elsewhere."""
    found = await health.check(DEPENDENCIES)
    return Status(
        200 if found.is_ready else 503,
        Readiness(
            status="ready" if found.is_ready else "unavailable",
            dependencies={
                dependency.name: DependencyHealth(status="up" if is_up else "down", required=dependency.required)
                for dependency, is_up in found.is_up.items()
            },
        ),
    )


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Metrics for Prometheus",
    openapi_extra={"responses": {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}},
)
def metrics(request: HttpRequest) -> HttpResponse:
    """Not asynchronous: what the process uses is read from files."""
    return HttpResponse(METRICS.render(), content_type=CONTENT_TYPE_PLAIN_1_0_0)
