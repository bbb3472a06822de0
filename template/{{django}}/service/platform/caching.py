"""Keeps what functions return, in Django's cache.

A value is kept under a generation of its key, which invalidating replaces. Who computes a value has read the generation
first, so that what was computed from older data comes under a generation that nobody asks for any more.
"""

import functools
import hashlib
import secrets
import time
from collections.abc import Callable
from threading import Lock
from typing import get_type_hints

import structlog
from django.conf import settings
from django.core.cache import caches
from pydantic import TypeAdapter, ValidationError

from service.domain.errors import Unavailable
from service.platform.measuring import METRICS

log = structlog.get_logger()

cache = caches.create_connection("default")
"""One for the whole process: Django's own `cache` is another one in every request, which connects anew."""

LEASE_SECONDS = 10
"""How long a computation may take before somebody else may start it too."""

POLL_SECONDS = 0.02
"""How often to look whether somebody else has finished a computation."""

REST_SECONDS = 1.0
"""How long the service does without the cache after a failure, so that not every request waits for it."""

GENERATION_SECONDS = 7 * 24 * 60 * 60
"""How long a generation is kept; longer than any value."""


def cache_result[**P, Result](
    ttl: float,
) -> Callable[[Callable[P, Result]], "CachedFunction[P, Result]"]:
    """A decorator: keeps the results of a function for `ttl` seconds. When the cache is down, it simply runs.

    The function's return annotation says how they become JSON and come back; its arguments need a `repr` that tells
    them apart.
    """

    def decorate(function: Callable[P, Result]) -> CachedFunction[P, Result]:
        return CachedFunction(function, ttl)

    return decorate


class CachedFunction[**P, Result]:
    """A function whose results are kept. Whoever changes what it reads calls `invalidate` afterwards."""

    def __init__(self, function: Callable[P, Result], ttl: float) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._ttl = ttl
        self._name = f"{function.__module__}.{function.__qualname__}"

    @functools.cached_property
    def _json(self) -> TypeAdapter[Result]:
        return TypeAdapter(get_type_hints(self._function)["return"])

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result:
        try:
            key = _current_key(self.key(*args, **kwargs))
            found = _read(key)
        except Unavailable:
            self._count("unavailable")
            return self._function(*args, **kwargs)
        if found is not None:
            try:
                result = self._json.validate_json(found)
            except ValidationError:
                log.warning("cached result cannot be read", key=key)  # Of another release, in another form.
                _try(lambda: cache.delete(key))
            else:
                self._count("hit")
                return result
        self._count("miss")
        return self._compute(key, *args, **kwargs)

    def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Forgets the result for these arguments. A computation that is under way is not kept."""
        _renew(self.key(*args, **kwargs))

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The function's qualified name and a digest of the arguments."""
        arguments = repr((args, sorted(kwargs.items())))
        return f"{self._name}:{hashlib.sha256(arguments.encode()).hexdigest()}"

    def _compute(self, key: str, *args: P.args, **kwargs: P.kwargs) -> Result:
        """Computes once for all who wait, in all processes, as long as the cache is there to agree on who does it."""
        lease = f"{key}:lease"
        try:
            found = _wait_for_turn(key, lease)
        except Unavailable:
            return self._function(*args, **kwargs)
        if found is not None:
            try:
                return self._json.validate_json(found)
            except ValidationError:
                return self._function(*args, **kwargs)
        try:
            result = self._function(*args, **kwargs)
            _try(lambda: cache.set(key, self._json.dump_json(result).decode(), self._ttl))
        finally:
            _try(lambda: cache.delete(lease))
        return result

    def _count(self, result: str) -> None:
        METRICS.cache_requests.labels(self._name, result).inc()


class _Rest:
    """Until when this process does without the cache, and what it still has to tell it."""

    def __init__(self) -> None:
        self.until = 0.0
        self.owed: set[str] = set()
        self.lock = Lock()


_rest = _Rest()


def _current_key(key: str) -> str:
    """The key of the value, with its current generation; a new one if there is none."""
    _pay()
    name = f"{key}:generation"
    generation = _call(lambda: cache.get(name))
    if generation is None:
        _call(lambda: cache.add(name, secrets.token_hex(8), GENERATION_SECONDS))
        generation = _call(lambda: cache.get(name))
    return f"{key}:{generation}"


def _read(key: str) -> str | None:
    found: str | None = _call(lambda: cache.get(key))
    return found


def _renew(key: str) -> None:
    """Begins a new generation: now, or as soon as the cache is back and before anything is read from it here."""
    with _rest.lock:
        _rest.owed.add(key)
    try:
        _pay()
    except Unavailable:
        log.warning("cache is down, invalidation is owed", key=key)


def _pay() -> None:
    for key in list(_rest.owed):
        name, generation = f"{key}:generation", secrets.token_hex(8)
        _call(functools.partial(cache.set, name, generation, GENERATION_SECONDS))
        with _rest.lock:
            _rest.owed.discard(key)


def _wait_for_turn(key: str, lease: str) -> str | None:
    """Returns what somebody else has computed in the meantime; or None, with the lease to do it oneself."""
    patience_ends = time.monotonic() + LEASE_SECONDS
    while not _call(lambda: cache.add(lease, 1, LEASE_SECONDS)):
        if time.monotonic() > patience_ends:
            raise Unavailable("Nobody else has come to an end in time.")
        time.sleep(POLL_SECONDS)
        if (found := _read(key)) is not None:
            return found
    found = _read(key)  # It may have come in between the last look and the lease.
    if found is not None:
        _try(lambda: cache.delete(lease))
    return found


def _try(operation: Callable[[], object]) -> None:
    try:
        _call(operation)
    except Unavailable:
        log.debug("cache is down, result not kept")


def _call[Result](operation: Callable[[], Result]) -> Result:
    if time.monotonic() < _rest.until:
        raise Unavailable("The cache did not answer a moment ago.")
    try:
        return operation()
    except settings.CACHE_FAILURES as error:
        _rest.until = time.monotonic() + REST_SECONDS
        raise Unavailable("The cache does not answer.") from error
