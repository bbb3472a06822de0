"""The whole service in a process of its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from httpx import AsyncClient, TransportError

from tests.patience import PATIENCE_SECONDS
from tests.processes import Process, managing


@asynccontextmanager
async def serving(environment: dict[str, str], port: int, folder: Path) -> AsyncGenerator[tuple[Process, AsyncClient]]:
    with managing("serve", environment | {"PORT": str(port)}, folder) as process:
        async with AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not await _answers(http):
                    assert process.popen.poll() is None, process.log.read_text()
                    await asyncio.sleep(0.05)
            yield process, http


async def _answers(http: AsyncClient) -> bool:
    try:
        await http.get("/livez")
    except TransportError:
        return False
    return True
