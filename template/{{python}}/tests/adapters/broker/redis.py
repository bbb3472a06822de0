"""A bus for the tests alone: a stream with a random name, on the server of `BROKER_URL`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from secrets import token_hex

from redis.asyncio import Redis

from service.settings import Settings

NOWHERE = {"BROKER_URL": "redis://127.0.0.1:1/0"}
"""The environment of who finds no server."""


@asynccontextmanager
async def own(configured: Settings) -> AsyncGenerator[dict[str, str]]:
    """The settings of a bus that nobody else uses."""
    stream = f"tests-{token_hex(6)}"
    try:
        yield {"broker_url": configured.broker_url, "events_stream": stream}
    finally:
        async with Redis.from_url(configured.broker_url) as client:
            await client.delete(stream)
