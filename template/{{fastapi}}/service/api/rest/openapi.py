"""The OpenAPI document, as FastAPI makes it but for what it makes up."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.platform.documented import REFERENCE
from service.platform.problem_details import Problem

AUTOMATIC_ERRORS = ("HTTPValidationError", "ValidationError")


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application."""
    found = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    _drop_automatic_errors(found)
    problem = Problem.model_json_schema(ref_template=REFERENCE)
    found["components"]["schemas"] |= problem.pop("$defs") | {"Problem": problem}
    return found


def _drop_automatic_errors(found: dict[str, Any]) -> None:
    """FastAPI describes a 422 wherever there is a parameter, even one that cannot be wrong."""
    for path in found["paths"].values():
        for operation in path.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in AUTOMATIC_ERRORS:
        found["components"]["schemas"].pop(name, None)
