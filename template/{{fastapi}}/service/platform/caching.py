"""Keeps what functions return, in whichever cache was chosen."""

import asyncio
import contextlib
import functools
import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import get_type_hints

import structlog
from pydantic import TypeAdapter, ValidationError

from service.domain.errors import Unavailable
from service.platform.metrics import Metrics
from service.ports import Cache

log = structlog.get_logger()

LEASE_SECONDS = 10.0
"""How long a computation may take before somebody else may start it too."""

POLL_SECONDS = 0.02
"""How often to look whether another process has finished a computation."""


class CacheManager:
    """Makes cached functions. When the cache is down, they simply run."""

    def __init__(self, cache: Cache, metrics: Metrics) -> None:
        self._cache = cache
        self._requests = metrics.cache_requests
        self._owed: set[str] = set()

    def cache_result[**P, Result](
        self, ttl: float
    ) -> Callable[[Callable[P, Awaitable[Result]]], "CachedFunction[P, Result]"]:
        """A decorator: keeps the results of an asynchronous function for `ttl` seconds.

        The function's return annotation says how they become JSON and come back; its arguments need a `repr` that
        tells them apart.
        """

        def decorate(function: Callable[P, Awaitable[Result]]) -> CachedFunction[P, Result]:
            return CachedFunction(self, function, ttl)

        return decorate

    async def get(self, key: str) -> bytes | None:
        """Raises `Unavailable` as well while a deletion of the key is still owed."""
        if self._owed:
            await self._pay()
        return await self._cache.get(key)

    async def lease(self, key: str) -> str | None:
        return await self._cache.lease(key, LEASE_SECONDS)

    async def put(self, key: str, value: bytes, *, ttl: float, lease: str) -> None:
        await self._cache.put(key, value, seconds=ttl, lease=lease)

    async def delete(self, key: str) -> None:
        """Deletes the key: now, or as soon as the cache is back and before anything is read from it here."""
        self._owed.add(key)
        try:
            await self._pay()
        except Unavailable:
            log.warning("cache is down, deletion is owed", key=key)

    async def _pay(self) -> None:
        for key in list(self._owed):
            await self._cache.delete(key)
            self._owed.discard(key)

    def count(self, function: str, result: str) -> None:
        self._requests.labels(function, result).inc()


class CachedFunction[**P, Result]:
    """A function whose results are kept. Whoever changes what it reads calls `invalidate` afterwards."""

    def __init__(self, manager: CacheManager, function: Callable[P, Awaitable[Result]], ttl: float) -> None:
        functools.update_wrapper(self, function)
        self._manager = manager
        self._function = function
        self._ttl = ttl
        self._name = f"{function.__module__}.{function.__qualname__}"
        self._json: TypeAdapter[Result] = TypeAdapter(get_type_hints(function)["return"])
        self._under_way: dict[str, asyncio.Task[Result]] = {}

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result:
        key = self.key(*args, **kwargs)
        try:
            found = await self._manager.get(key)
        except Unavailable:
            self._manager.count(self._name, "unavailable")
            return await self._function(*args, **kwargs)
        if found is not None:
            try:
                result = self._json.validate_json(found)
            except ValidationError:
                await self._discard(key)
            else:
                self._manager.count(self._name, "hit")
                return result
        self._manager.count(self._name, "miss")
        return await self._share(key, *args, **kwargs)

    async def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Forgets the result for these arguments. A computation that is under way is not kept."""
        key = self.key(*args, **kwargs)
        self._under_way.pop(key, None)
        await self._manager.delete(key)

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The function's qualified name and a digest of the arguments."""
        arguments = repr((args, sorted(kwargs.items())))
        return f"{self._name}:{hashlib.sha256(arguments.encode()).hexdigest()}"

    async def _share(self, key: str, *args: P.args, **kwargs: P.kwargs) -> Result:
        """Computes once for all who wait in this process.

        In a task of its own, so that a caller who gives up does not take the result away from the others.
        """
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._compute(key, *args, **kwargs))
            self._under_way[key] = task
            task.add_done_callback(functools.partial(self._forget, key))
        return await asyncio.shield(task)

    async def _discard(self, key: str) -> None:
        """Drops what another release of the service has kept, in another form."""
        log.warning("cached result cannot be read", key=key)
        await self._manager.delete(key)

    def _forget(self, key: str, task: asyncio.Task[Result]) -> None:
        if self._under_way.get(key) is task:
            del self._under_way[key]
        if not task.cancelled():
            task.exception()  # Looked at, in case that nobody waits any more.

    async def _compute(self, key: str, *args: P.args, **kwargs: P.kwargs) -> Result:
        """Computes once for all processes, as long as the cache is there to agree on who does it."""
        try:
            lease, found = await self._take_turns(key)
        except Unavailable:
            return await self._function(*args, **kwargs)
        if found is not None:
            with contextlib.suppress(ValidationError):  # Of another release too.
                return self._json.validate_json(found)
            return await self._function(*args, **kwargs)
        try:
            result = await self._function(*args, **kwargs)
        except BaseException:
            await self._manager.delete(key)  # The lease: the next one may try.
            raise
        await self._keep(key, result, lease)
        return result

    async def _keep(self, key: str, result: Result, lease: str) -> None:
        try:
            await self._manager.put(key, self._json.dump_json(result), ttl=self._ttl, lease=lease)
        except Unavailable:
            log.debug("cache is down, result not kept", key=key)

    async def _take_turns(self, key: str) -> tuple[str, bytes | None]:
        """The lease to compute the result, or what another process has computed in the meantime."""
        found: bytes | None = None
        has_waited = False
        patience_ends = time.monotonic() + LEASE_SECONDS
        while (lease := await self._manager.lease(key)) is None:
            if time.monotonic() > patience_ends:
                raise Unavailable("Nobody else has come to an end in time.")
            await asyncio.sleep(POLL_SECONDS)
            if (found := await self._manager.get(key)) is not None:
                return "", found
            has_waited = True
        if has_waited and (found := await self._manager.get(key)) is not None:
            # It came in between the last look and the lease, which is given back by keeping it once more.
            await self._manager.put(key, found, ttl=self._ttl, lease=lease)
        return lease, found
