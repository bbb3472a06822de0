"""Carries the W3C trace context of a request along, to the events that it causes and to those who handle them."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current() -> str | None:
    return _current.get()


def well_formed(traceparent: object) -> str | None:
    """The same, if it is a trace context at all: it comes from anybody."""
    return traceparent if isinstance(traceparent, str) and TRACEPARENT.fullmatch(traceparent) else None


@contextmanager
def bound(traceparent: str | None) -> Generator[None]:
    """Sets the context for a block; one that is not well-formed is ignored."""
    token = _current.set(well_formed(traceparent))
    try:
        yield
    finally:
        _current.reset(token)
