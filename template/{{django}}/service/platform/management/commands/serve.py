import asyncio
import os
import signal
from typing import override

import structlog
import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

from service.events import wiring
from service.platform import operations
from service.platform.health import Dependency
from service.platform.management.migrated import require_migrations
from service.platform.measuring import METRICS
from service.platform.workers import running

log = structlog.get_logger()


class Command(BaseCommand):
    help = "Serve requests, with the relay and the consumers beside them, until told to stop, by SIGTERM or Ctrl-C."
    requires_system_checks = ()

    @override
    def handle(self, *_arguments: object, **_options: object) -> None:
        require_migrations()
        asyncio.run(_serve())


async def _serve() -> None:
    service = settings.SERVICE
    server = uvicorn.Server(
        uvicorn.Config(
            import_string(settings.ASGI_APPLICATION),
            host=service.host,
            port=service.port,
            lifespan="off",  # Django has none.
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=service.shutdown_seconds,
        )
    )
    # Before uvicorn begins to listen for signals, and after it has ended, when it raises them again: ours ends as
    # asked, so with 0.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, server.handle_exit)
    async with wiring.build(service, METRICS) as events, running([events.consumer, events.relay]):
        # What happens in the meantime waits in the outbox.
        operations.DEPENDENCIES.append(Dependency("broker", events.bus.ping, required=False))
        log.info("serving", url=f"http://{service.host}:{service.port}", docs="/docs")
        await server.serve()
    log.info("stopped")
    os._exit(0)  # Without waiting for threads whose requests have had their time to end.
