"""Keeps what functions return, in Django's cache."""

import contextlib
import functools
import hashlib
import time
from collections.abc import Callable
from threading import Lock
from typing import Protocol, cast, get_type_hints

import structlog
from django.conf import settings
from django.core.cache import caches
from pydantic import TypeAdapter, ValidationError

from service.domain.errors import Unavailable
from service.platform.measuring import METRICS

log = structlog.get_logger()

LEASE_SECONDS = 10.0
"""How long a computation may take before somebody else may start it too."""

POLL_SECONDS = 0.02
"""How often to look whether somebody else has finished a computation."""

REST_SECONDS = 1.0
"""How long the service does without the cache after a failure, so that not every request waits for it."""


class Cache(Protocol):
    """What `config.cache` adds to a cache of Django's.

    Whoever finds nothing takes a lease before computing the value: only one caller gets it, and a
    value is stored only while its lease stands. Discarding a key ends its lease, so a value that was
    computed from older data never comes in afterwards.
    """

    def read(self, key: str) -> bytes | None: ...

    def lease(self, key: str, seconds: float) -> str | None:
        """The right to compute the value, for a time; None if somebody else has it."""
        ...

    def put(self, key: str, value: bytes, *, seconds: float, lease: str) -> None:
        """Stores a value, unless its lease has ended."""
        ...

    def discard(self, key: str) -> None: ...


cache = cast("Cache", caches.create_connection("default"))
"""One for the whole process: Django's own `cache` is another one in every request, which connects anew."""


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
        key = self.key(*args, **kwargs)
        try:
            found = _read(key)
        except Unavailable:
            self._count("unavailable")
            return self._function(*args, **kwargs)
        if found is not None:
            try:
                result = self._json.validate_json(found)
            except ValidationError:
                log.warning("cached result cannot be read", key=key)  # Of another release, in another form.
                _discard(key)
            else:
                self._count("hit")
                return result
        self._count("miss")
        return self._compute(key, *args, **kwargs)

    def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Forgets the result for these arguments. A computation that is under way is not kept."""
        _discard(self.key(*args, **kwargs))

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The function's qualified name and a digest of the arguments."""
        arguments = repr((args, sorted(kwargs.items())))
        return f"{self._name}:{hashlib.sha256(arguments.encode()).hexdigest()}"

    def _compute(self, key: str, *args: P.args, **kwargs: P.kwargs) -> Result:
        """Computes once for all who wait, in all processes, as long as the cache is there to agree on who does it."""
        try:
            lease, found = self._take_turns(key)
        except Unavailable:
            return self._function(*args, **kwargs)
        if found is not None:
            with contextlib.suppress(ValidationError):  # Of another release too.
                return self._json.validate_json(found)
            return self._function(*args, **kwargs)
        try:
            result = self._function(*args, **kwargs)
        except BaseException:
            _discard(key)  # The lease: the next one may try.
            raise
        self._keep(key, self._json.dump_json(result), lease)
        return result

    def _keep(self, key: str, value: bytes, lease: str) -> None:
        try:
            _call(lambda: cache.put(key, value, seconds=self._ttl, lease=lease))
        except Unavailable:
            log.debug("cache is down, result not kept", key=key)

    def _take_turns(self, key: str) -> tuple[str, bytes | None]:
        """The lease to compute the result, or what somebody else has computed in the meantime."""
        patience_ends = time.monotonic() + LEASE_SECONDS
        while (lease := _call(lambda: cache.lease(key, LEASE_SECONDS))) is None:
            if time.monotonic() > patience_ends:
                raise Unavailable("Nobody else has come to an end in time.")
            time.sleep(POLL_SECONDS)
            if (found := _read(key)) is not None:
                return "", found
        found = _read(key)
        if found is not None:
            # It came in between the last look and the lease, which is given back by keeping it once more.
            self._keep(key, found, lease)
        return lease, found

    def _count(self, result: str) -> None:
        METRICS.cache_requests.labels(self._name, result).inc()


class _Rest:
    """Until when this process does without the cache, and what it still has to delete from it."""

    def __init__(self) -> None:
        self.until = 0.0
        self.owed: set[str] = set()
        self.lock = Lock()


_rest = _Rest()


def _read(key: str) -> bytes | None:
    """Raises `Unavailable` as well while a deletion is still owed."""
    _pay()
    return _call(lambda: cache.read(key))


def _discard(key: str) -> None:
    """Deletes the key: now, or as soon as the cache is back and before anything is read from it here."""
    try:
        _pay()
        _call(lambda: cache.discard(key))
    except Unavailable:
        with _rest.lock:
            _rest.owed.add(key)
        log.warning("cache is down, deletion is owed", key=key)


def _pay() -> None:
    if _rest.owed:
        with _rest.lock:
            for key in list(_rest.owed):
                _call(functools.partial(cache.discard, key))
                _rest.owed.discard(key)


def _call[Result](operation: Callable[[], Result]) -> Result:
    if time.monotonic() < _rest.until:
        raise Unavailable("The cache did not answer a moment ago.")
    try:
        return operation()
    except settings.CACHE_FAILURES as error:
        _rest.until = time.monotonic() + REST_SECONDS
        raise Unavailable("The cache does not answer.") from error
