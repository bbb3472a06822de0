"""Redis. Reads the stream without a group, so that the services' own reading is not disturbed."""

from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio import Redis

from .events import Message

FIELD = b"event"


class Client:
    def __init__(self, url: str, stream: str) -> None:
        self._url = url
        self._stream = stream

    async def publish(self, messages: Sequence[Message]) -> None:
        async with Redis.from_url(self._url) as redis:
            for message in messages:
                await redis.xadd(self._stream, {FIELD: message.body})

    async def read(self, is_reading: Callable[[], None], receive: Callable[[bytes], None]) -> None:
        async with Redis.from_url(self._url) as redis:
            last = await self._last_id(redis)
            is_reading()
            while True:
                found: Any = await redis.xread({self._stream: last}, block=500)
                for _, entries in found or ():
                    for entry_id, fields in entries:
                        receive(fields[FIELD])
                        last = entry_id

    async def _last_id(self, redis: Redis) -> bytes:
        newest: Any = await redis.xrevrange(self._stream, count=1)
        return bytes(newest[0][0]) if newest else b"0-0"
