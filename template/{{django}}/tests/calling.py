"""Calls the application as a server does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from httpx import ASGITransport, AsyncClient

from config.asgi import application


@asynccontextmanager
async def calling() -> AsyncGenerator[AsyncClient]:
    transport = ASGITransport(application)  # type: ignore[arg-type] # The same, typed by Django in its own way.
    async with AsyncClient(transport=transport, base_url="http://service.test") as http:
        yield http
