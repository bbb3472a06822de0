"""The shortest way of events through a Redis stream, by redis-py: a consumer group, each entry acknowledged."""

import asyncio
from collections.abc import Sequence

from redis.asyncio import Redis

STREAM = GROUP = "bare"


async def carry(url: str, batches: Sequence[Sequence[bytes]]) -> None:
    async with Redis.from_url(url) as client, asyncio.TaskGroup() as tasks:
        await client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        tasks.create_task(_consume(client, sum(map(len, batches))))
        for batch in batches:
            async with client.pipeline(transaction=False) as pipeline:
                for body in batch:
                    pipeline.xadd(STREAM, {"event": body})
                await pipeline.execute()


async def _consume(client: Redis, left: int) -> None:
    while left > 0:
        found = await client.xreadgroup(GROUP, "consumer", {STREAM: ">"}, count=100, block=1000)
        entries = [entry_id for _, entries in found for entry_id, _ in entries]
        if entries:
            await client.xack(STREAM, GROUP, *entries)
        left -= len(entries)
