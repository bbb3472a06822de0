"""MongoDB tells of changes to members of replica sets only: the relay of another process looks by itself."""

import asyncio

from service.platform.doorbell import Doorbell


async def listen(_doorbell: Doorbell) -> None:
    await asyncio.Event().wait()
