"""Errors as problem details (RFC 9457): which error is answered how."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from service.domain import errors
from service.platform.problem_details import (
    MEDIA_TYPE,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    PROBLEM_TYPES,
    TOO_LARGE,
    VALIDATION,
    FieldError,
    ProblemType,
    content,
    wrong_field,
    wrong_fields,
)
from service.platform.schemas import in_words

log = structlog.get_logger()


HTTP_PROBLEMS: Mapping[int, ProblemType] = {
    400: VALIDATION,  # FastAPI's answer to a body that it cannot read.
    404: NOT_FOUND,
    405: METHOD_NOT_ALLOWED,
    413: TOO_LARGE,
}


class ProblemResponse(JSONResponse):
    media_type = MEDIA_TYPE


def answer(
    request: Request,
    problem: ProblemType,
    detail: str,
    *,
    wrong: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = content(problem, detail, request.state.request_id, wrong)
    return ProblemResponse(body, problem.status, {**(problem.headers or {}), **(headers or {})})


def add_handlers(app: FastAPI) -> None:
    app.exception_handler(errors.ServiceError)(on_service_error)
    app.exception_handler(RequestValidationError)(on_validation_error)
    app.exception_handler(HTTPException)(on_http_error)


async def on_service_error(request: Request, error: errors.ServiceError) -> Response:
    problem = PROBLEM_TYPES[type(error)]
    if isinstance(error, errors.Unavailable):
        log.error("unavailable", error=repr(error.__cause__ or error))
    return answer(request, problem, str(error), wrong=wrong_fields(error))


async def on_validation_error(request: Request, error: RequestValidationError) -> Response:
    body = _kind_of_body(request)
    wrong = [_field_error(each, body) for each in error.errors()]
    return answer(request, VALIDATION, "; ".join(f"{each.field} {each.detail}".strip() for each in wrong), wrong=wrong)


async def on_http_error(request: Request, error: HTTPException) -> Response:
    """What the framework refuses by itself, such as an unknown path."""
    problem = HTTP_PROBLEMS.get(error.status_code, ProblemType(error.status_code, "refused", error.detail))
    if problem is VALIDATION:
        wrong = [wrong_field(_kind_of_body(request), "", "cannot be read")]
        return answer(request, problem, "The body cannot be read.", wrong=wrong)
    headers = _allow(request) or error.headers if problem is METHOD_NOT_ALLOWED else error.headers
    return answer(request, problem, error.detail, headers=headers)


def _field_error(error: Mapping[str, Any], body: str) -> FieldError:
    source, *path = error["loc"]
    if error["type"] == "json_invalid":
        return wrong_field(body, "", f"is not valid JSON: {error['ctx']['error']}")
    detail = "is not a known field" if error["type"] == "extra_forbidden" else in_words(error)
    return wrong_field(body if source == "body" else source, ".".join(map(str, path)), detail)


def _allow(request: Request) -> dict[str, str]:
    """All methods of a path that the document describes; the router names those of the first operation only."""
    path = getattr(request.scope.get("route"), "path_format", None)
    operations = request.app.openapi()["paths"].get(path)
    return {"Allow": ", ".join(sorted(method.upper() for method in operations))} if operations else {}


def _kind_of_body(request: Request) -> str:
    """What a body of this path is called where an error names it."""
    body = getattr(request.scope.get("route"), "body_field", None)
    return "form" if body is not None and isinstance(body.field_info, Form) else "body"
