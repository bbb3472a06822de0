"""For the machinery around the service. Keep these away from the public."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_1_0_0

from service.api.rest.dependencies import ServiceDependency
from service.platform import health
from service.platform.schemas import DependencyHealth, Liveness, Readiness

router = APIRouter(tags=["operations"])


@router.get("/livez", summary="Does the process live?")
async def livez() -> Liveness:
    """Asks nothing else. If this fails, restart the process."""
    return Liveness(status="ok")


@router.get("/readyz", summary="Can it serve requests now?", responses={503: {"model": Readiness}})
async def readyz(service: ServiceDependency, response: Response) -> Readiness:
    """Asks every dependency. While this fails, send requests elsewhere."""
    found = await health.check(service.dependencies)
    if not found.is_ready:
        response.status_code = 503
    return Readiness(
        status="ready" if found.is_ready else "unavailable",
        dependencies={
            dependency.name: DependencyHealth(status="up" if is_up else "down", required=dependency.required)
            for dependency, is_up in found.is_up.items()
        },
    )


@router.get("/metrics", summary="Metrics for Prometheus", response_class=PlainTextResponse)
async def metrics(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.app.state.metrics.render(), media_type=CONTENT_TYPE_PLAIN_1_0_0)
