"""A cache for the tests alone: a numbered database that is empty, on the server of `REDIS_URL`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from redis.asyncio import Redis

from service.settings import Settings

CLAIM = "claimed by tests"
CLAIM_SECONDS = 3600
NUMBERS = range(15, 0, -1)


@asynccontextmanager
async def own(configured: Settings) -> AsyncGenerator[dict[str, str]]:
    """The settings of a database that nobody else uses."""
    for number in NUMBERS:
        url = urlsplit(configured.redis_url)._replace(path=f"/{number}").geturl()
        async with Redis.from_url(url) as client:
            if not await client.set(CLAIM, "", nx=True, ex=CLAIM_SECONDS):
                continue
            try:
                if await client.dbsize() == 1:
                    yield {"redis_url": url}
                    return
            finally:
                await client.delete(CLAIM)
    raise RuntimeError("The tests need an empty database among those that Redis numbers from 1 to 15.")


async def empty(settings: Settings) -> None:
    async with Redis.from_url(settings.redis_url, decode_responses=True) as client:
        if keys := [key async for key in client.scan_iter() if key != CLAIM]:
            await client.delete(*keys)
