"""A bus for the tests alone: an exchange with a random name, on the server of `BROKER_URL`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from secrets import token_hex

import aio_pika

from service.about import NAME
from service.settings import Settings

NOWHERE = {"BROKER_URL": "amqp://127.0.0.1:1/"}
"""The environment of who finds no server."""


@asynccontextmanager
async def own(configured: Settings) -> AsyncGenerator[dict[str, str]]:
    """The settings of a bus that nobody else uses."""
    exchange = f"tests-{token_hex(6)}"
    try:
        yield {"broker_url": configured.broker_url, "events_exchange": exchange}
    finally:
        await delete(configured.broker_url, queues=[f"{NAME}.{exchange}"], exchanges=[exchange])


async def delete(url: str, *, queues: list[str], exchanges: list[str]) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        for queue in queues:
            await channel.queue_delete(queue)
        for exchange in exchanges:
            await channel.exchange_delete(exchange)
