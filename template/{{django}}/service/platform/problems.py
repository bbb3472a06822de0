"""Errors as problem details (RFC 9457): which error is answered how."""

from collections.abc import Mapping, Sequence

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse

from service.domain import errors
from service.platform.problem_details import (
    INTERNAL,
    MEDIA_TYPE,
    NOT_FOUND,
    PROBLEM_TYPES,
    VALIDATION,
    FieldError,
    ProblemType,
    content,
    wrong_field,
    wrong_fields,
)

log = structlog.get_logger()


def answer(
    request: HttpRequest,
    problem: ProblemType,
    detail: str,
    *,
    wrong: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    return JsonResponse(
        content(problem, detail, getattr(request, "request_id", ""), wrong),
        status=problem.status,
        content_type=MEDIA_TYPE,
        headers={**(problem.headers or {}), **(headers or {})},
    )


def on_service_error(request: HttpRequest, error: errors.ServiceError) -> HttpResponse:
    if isinstance(error, errors.Unavailable):
        log.error("unavailable", error=repr(error.__cause__ or error))
    return answer(request, PROBLEM_TYPES[type(error)], str(error), wrong=wrong_fields(error))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    del exception
    return answer(request, NOT_FOUND, "Not Found")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    del exception
    return answer(request, VALIDATION, "The request cannot be read.", wrong=[wrong_field("body", "", "cannot be read")])


def internal(request: HttpRequest) -> HttpResponse:
    return answer(request, INTERNAL, "It has been logged.")
