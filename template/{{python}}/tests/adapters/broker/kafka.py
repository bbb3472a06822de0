"""A bus for the tests alone: a topic with a random name, on the servers of `BROKER_URL`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from secrets import token_hex

from aiokafka.admin import AIOKafkaAdminClient

from service.settings import Settings

NOWHERE = {"BROKER_URL": "kafka://127.0.0.1:1"}
"""The environment of who finds no server."""


@asynccontextmanager
async def own(configured: Settings) -> AsyncGenerator[dict[str, str]]:
    """The settings of a bus that nobody else uses."""
    topic = f"tests-{token_hex(6)}"
    try:
        yield {"broker_url": configured.broker_url, "events_topic": topic}
    finally:
        admin = AIOKafkaAdminClient(bootstrap_servers=configured.broker_url.removeprefix("kafka://"))
        await admin.start()
        try:
            await admin.delete_topics([topic])
        finally:
            await admin.close()
