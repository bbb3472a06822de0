"""Runs workers in the foreground, as the commands do."""

import asyncio
import os
import signal
from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.management.base import CommandError

from service.events import wiring
from service.events.wiring import Events
from service.platform.management.migrated import require_migrations
from service.platform.measuring import METRICS
from service.platform.workers import Worker, running

log = structlog.get_logger()


def work(choose: Callable[[Events], Worker]) -> None:
    """Runs a worker until told to stop, by SIGTERM or Ctrl-C; what it has begun it finishes."""
    if not wiring.LEAVE_THE_PROCESS:
        raise CommandError("Events stay within the process here: `manage.py serve` handles them too.", returncode=2)
    require_migrations()
    asyncio.run(_work(choose))


async def _work(choose: Callable[[Events], Worker]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with wiring.build(settings.SERVICE, METRICS) as events:
        worker = choose(events)
        async with running([worker]):
            log.info("working", worker=worker.name)
            await stop.wait()
    log.info("stopped")
    os._exit(0)  # Without waiting for threads that a database that hangs never lets end.
