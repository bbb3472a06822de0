"""Goes around every request: request id, log line, metrics, a limit, and an answer when something breaks.

Plain ASGI rather than Starlette's BaseHTTPMiddleware, which costs a task and a queue for each request.
"""

import re
import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from service.api.rest.problems import answer
from service.platform import trace_context
from service.platform.metrics import Metrics
from service.platform.problem_details import INTERNAL

log = structlog.get_logger()

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

FOR_MACHINES = frozenset({"/livez", "/readyz", "/metrics"})
"""Asked every few seconds; logged at the level `debug`."""

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""Which the metrics tell apart: of those that callers can invent there is no end."""

LARGEST_BODY = 1024 * 1024
"""In bytes; many times what any request here needs. Whatever is larger is not even read."""


class RequestMiddleware:
    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        with bound_contextvars(request_id=request_id), trace_context.bound(headers.get("traceparent")):
            await self._answer(scope, receive, send, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._app(scope, _limited(receive), send_with_id)
        except Exception:
            log.exception("unhandled error")
            if status != 0:
                raise  # Too late for another answer: the server breaks the connection.
            await answer(Request(scope), INTERNAL, "It has been logged.")(scope, receive, send_with_id)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = scope["method"], _route(scope)
        label = method if method in METHODS else "other"
        self._metrics.requests.labels(label, route, str(status)).inc()
        self._metrics.request_duration.labels(label, route).observe(seconds)
        write = log.debug if route in FOR_MACHINES else log.info
        # Without the query, which may hold what is nobody's business.
        write("request", method=method, path=scope["path"], status=status, duration_ms=round(seconds * 1000, 1))


def _limited(receive: Receive) -> Receive:
    """Refuses a body as soon as too much of it has come; FastAPI's own limit answers outside of this middleware."""
    size = 0

    async def receive_limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST_BODY:
            raise HTTPException(413, f"The body must not be larger than {LARGEST_BODY} bytes.")
        return message

    return receive_limited


def _request_id(given: str | None) -> str:
    return given if given and REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _route(scope: Scope) -> str:
    """The path with its parameters' names: never the path itself, of which there is no end."""
    return getattr(scope.get("route"), "path_format", "unknown")
