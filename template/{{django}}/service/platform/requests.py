"""Goes around every request: request id, log line, metrics."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bound_contextvars

from service.platform import trace_context
from service.platform.measuring import METRICS
from service.platform.problem_details import METHOD_NOT_ALLOWED
from service.platform.problems import answer

log = structlog.get_logger()

type View = Callable[[HttpRequest], HttpResponse]

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

FOR_MACHINES = frozenset({"/livez", "/readyz", "/metrics"})
"""Asked every few seconds; logged at the level `debug`."""

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""Which the metrics tell apart: of those that callers can invent there is no end."""


def request_middleware(view: View) -> View:
    def answer_request(request: HttpRequest) -> HttpResponse:
        request_id = _request_id(request.headers.get("X-Request-ID"))
        request.request_id = request_id  # type: ignore[attr-defined]
        with bound_contextvars(request_id=request_id), trace_context.bound(request.headers.get("traceparent")):
            started = time.perf_counter()
            response = _as_problem(request, view(request))
            response["X-Request-ID"] = request_id
            _record(request, response.status_code, time.perf_counter() - started)
            return response

    return answer_request


def _as_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The same, but for a method that is not allowed, which Ninja answers in its own form."""
    if response.status_code != METHOD_NOT_ALLOWED.status:
        return response
    allowed = ", ".join(sorted(response.headers["Allow"].split(", ")))
    return answer(request, METHOD_NOT_ALLOWED, "Method Not Allowed", headers={"Allow": allowed})


def _record(request: HttpRequest, status: int, seconds: float) -> None:
    method, route = request.method or "", _route(request)
    label = method if method in METHODS else "other"
    METRICS.requests.labels(label, route, str(status)).inc()
    METRICS.request_duration.labels(label, route).observe(seconds)
    write = log.debug if route in FOR_MACHINES else log.info
    # Without the query, which may hold what is nobody's business.
    write("request", method=method, path=request.path, status=status, duration_ms=round(seconds * 1000, 1))


def _request_id(given: str | None) -> str:
    return given if given and REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _route(request: HttpRequest) -> str:
    """The path with its parameters' names: never the path itself, of which there is no end."""
    match = request.resolver_match
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", match.route) if match else "unknown"
