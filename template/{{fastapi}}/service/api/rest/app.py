"""The HTTP application."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, override

from fastapi import FastAPI
from fastapi.routing import APIRoute

from service import about
from service.api.rest import activity, auth, openapi, operations, problems, users
from service.api.rest.middleware import RequestMiddleware
from service.platform.metrics import Metrics
from service.platform.workers import running
from service.settings import Settings
from service.wiring import build

ROUTERS = (auth.router, users.router, activity.router, operations.router)


class Application(FastAPI):
    @override
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = openapi.document(self)
        return self.openapi_schema


def create_app(settings: Settings) -> FastAPI:
    """The application; it connects when it is started, and disconnects when it is stopped."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with build(settings, metrics) as service, running(service.workers):
            app.state.service = service
            yield

    app = Application(
        title=about.TITLE,
        description=about.DESCRIPTION,
        version=about.VERSION,
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.metrics = metrics
    app.add_middleware(RequestMiddleware, metrics=metrics)
    problems.add_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


def _operation_id(route: APIRoute) -> str:
    first, *others = route.name.split("_")
    return first + "".join(map(str.capitalize, others))
