"""SQLite tells no process of what another one has written: the relay of another process looks by itself."""

import asyncio

from service.platform.doorbell import Doorbell


async def listen(_doorbell: Doorbell) -> None:
    await asyncio.Event().wait()
