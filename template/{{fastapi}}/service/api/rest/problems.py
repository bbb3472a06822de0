"""Errors as problem details (RFC 9457): which error is answered how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.responses import JSONResponse, Response
from pydantic import MISSING, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from service.api.rest.schemas import in_words
from service.domain import errors

log = structlog.get_logger()


class FieldError(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: Annotated[Literal["body", "query", "path", "header", "form"], Field(alias="in")]
    field: str
    detail: str


class Problem(BaseModel):
    """The body of every answer that is an error."""

    model_config = ConfigDict(extra="forbid")

    type: Annotated[str, Field(json_schema_extra={"format": "uri"})]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    request_id: str
    errors: list[FieldError] | MISSING = MISSING


@dataclass(frozen=True, slots=True)
class ProblemType:
    status: int
    name: str
    title: str
    headers: Mapping[str, str] | None = None


METHOD_NOT_ALLOWED = 405

VALIDATION = ProblemType(422, "validation", "The request is not valid")
NOT_FOUND = ProblemType(404, "not-found", "There is no such thing")
INTERNAL = ProblemType(500, "internal", "Something went wrong here")

PROBLEM_TYPES: Mapping[type[errors.ServiceError], ProblemType] = {
    errors.WrongCredentials: ProblemType(
        401, "wrong-credentials", "The name or the password is wrong", {"WWW-Authenticate": "Bearer"}
    ),
    errors.InvalidToken: ProblemType(
        401, "invalid-token", "The token is not good", {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    ),
    errors.Forbidden: ProblemType(403, "forbidden", "The caller may not do this"),
    errors.NotFound: NOT_FOUND,
    errors.EmailTaken: ProblemType(409, "email-taken", "The e-mail address is taken"),
    errors.Stale: ProblemType(412, "stale", "The version is not the current one"),
    errors.KeyReused: ProblemType(422, "key-reused", "The idempotency key was used for something else"),
    errors.InvalidField: VALIDATION,
    errors.Unavailable: ProblemType(503, "unavailable", "The service cannot do this now", {"Retry-After": "1"}),
}

HTTP_PROBLEMS: Mapping[int, ProblemType] = {
    400: VALIDATION,  # FastAPI's answer to a body that it cannot read.
    404: NOT_FOUND,
    METHOD_NOT_ALLOWED: ProblemType(METHOD_NOT_ALLOWED, "method-not-allowed", "This method is not allowed here"),
    413: ProblemType(413, "too-large", "The request is too large"),
}


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"


def answer(
    request: Request,
    problem: ProblemType,
    detail: str,
    *,
    wrong: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    content: dict[str, Any] = {
        "type": f"urn:problem-type:{problem.name}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "request_id": request.state.request_id,
    }
    if problem.status == VALIDATION.status:
        content["errors"] = [each.model_dump(by_alias=True) for each in wrong]
    return ProblemResponse(content, problem.status, {**(problem.headers or {}), **(headers or {})})


def add_handlers(app: FastAPI) -> None:
    app.exception_handler(errors.ServiceError)(on_service_error)
    app.exception_handler(RequestValidationError)(on_validation_error)
    app.exception_handler(HTTPException)(on_http_error)


async def on_service_error(request: Request, error: errors.ServiceError) -> Response:
    problem = PROBLEM_TYPES[type(error)]
    if isinstance(error, errors.Unavailable):
        log.error("unavailable", error=repr(error.__cause__ or error))
    return answer(request, problem, str(error), wrong=_wrong_fields(error))


async def on_validation_error(request: Request, error: RequestValidationError) -> Response:
    body = _kind_of_body(request)
    wrong = [_field_error(each, body) for each in error.errors()]
    return answer(request, VALIDATION, "; ".join(f"{each.field} {each.detail}".strip() for each in wrong), wrong=wrong)


async def on_http_error(request: Request, error: HTTPException) -> Response:
    """What the framework refuses by itself, such as an unknown path."""
    problem = HTTP_PROBLEMS.get(error.status_code, ProblemType(error.status_code, "refused", error.detail))
    if problem is VALIDATION:
        wrong = [_wrong(_kind_of_body(request), "", "cannot be read")]
        return answer(request, problem, "The body cannot be read.", wrong=wrong)
    headers = _allow(request) or error.headers if error.status_code == METHOD_NOT_ALLOWED else error.headers
    return answer(request, problem, error.detail, headers=headers)


def _wrong_fields(error: errors.ServiceError) -> list[FieldError]:
    match error:
        case errors.InvalidField():
            return [_wrong(error.source, error.field, error.detail)]
        case errors.KeyReused():
            return [_wrong("header", "Idempotency-Key", str(error))]
        case _:
            return []


def _field_error(error: Mapping[str, Any], body: str) -> FieldError:
    source, *path = error["loc"]
    if error["type"] == "json_invalid":
        return _wrong(body, "", f"is not valid JSON: {error['ctx']['error']}")
    detail = "is not a known field" if error["type"] == "extra_forbidden" else in_words(error)
    return _wrong(body if source == "body" else source, ".".join(map(str, path)), detail)


def _wrong(source: str, field: str, detail: str) -> FieldError:
    return FieldError.model_validate({"in": source, "field": field, "detail": detail})


def _allow(request: Request) -> dict[str, str]:
    """All methods of a path that the document describes; the router names those of the first operation only."""
    path = getattr(request.scope.get("route"), "path_format", None)
    operations = request.app.openapi()["paths"].get(path)
    return {"Allow": ", ".join(sorted(method.upper() for method in operations))} if operations else {}


def _kind_of_body(request: Request) -> str:
    """What a body of this path is called where an error names it."""
    body = getattr(request.scope.get("route"), "body_field", None)
    return "form" if body is not None and isinstance(body.field_info, Form) else "body"
