"""Whether the service can do its work: asks everything that it depends on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

PATIENCE_SECONDS = 2.0
"""Shorter than the usual time-out of a probe, so that the answer names the dependency that hangs."""


type Ping = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something that the service needs.

    Args:
        name: What to call it.
        ping: Raises if it does not answer.
        required: Whether the service cannot do without it.
    """

    name: str
    ping: Ping
    required: bool = True


@dataclass(frozen=True, slots=True)
class Health:
    """What the dependencies said."""

    is_up: Mapping[Dependency, bool]

    @property
    def is_ready(self) -> bool:
        return all(up for dependency, up in self.is_up.items() if dependency.required)


async def check(dependencies: Sequence[Dependency]) -> Health:
    answers = await asyncio.gather(*(_is_up(each) for each in dependencies))
    return Health(dict(zip(dependencies, answers, strict=True)))


async def _is_up(dependency: Dependency) -> bool:
    asked = asyncio.create_task(_ask(dependency))
    try:
        await asyncio.wait([asked], timeout=PATIENCE_SECONDS)
    finally:
        asked.cancel()  # But not waited for: what hangs may be slow to break off too.
    error = asked.result() if asked.done() else TimeoutError("no answer in time")
    if error is not None:
        log.warning("dependency is down", dependency=dependency.name, error=repr(error))
    return error is None


async def _ask(dependency: Dependency) -> Exception | None:
    try:
        await dependency.ping()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer.
        return error
    return None
