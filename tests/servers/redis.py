"""Redis 7, from Debian."""

import contextlib
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import ClassVar, override

from tests.servers.install import debian
from tests.servers.server import Server, exchange, with_path

DATABASES = 1000  # One for each test; they cost next to nothing.
COUNTER = "bedplate:databases"


class Redis(Server):
    name: ClassVar[str] = "redis"
    variable: ClassVar[str] = "REDIS_URL"

    @property
    @override
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @override
    def install(self) -> None:
        self.program = debian("redis-server", "redis-server")

    @override
    def command(self) -> list[str | Path]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "databases": str(DATABASES),
            "save": "",
            "appendonly": "yes",  # Keeps all that it has confirmed, even through kill -9, without any fsync.
            "appendfsync": "no",
            "auto-aof-rewrite-percentage": "0",
        }
        return [self.program, *(word for key, value in settings.items() for word in (f"--{key}", value))]

    @override
    def ready(self) -> bool:
        return exchange(self.port, b"PING\r\n", 5) == b"+PONG"  # While it loads its data, it says -LOADING.

    @classmethod
    @override
    @contextlib.contextmanager
    def space(cls, environment: Mapping[str, str], name: str) -> Generator[str]:
        """A logical database, handed out in turn by Redis itself. Its pub/sub channels are not apart: use the name."""
        import redis  # noqa: PLC0415 - half a second, for the tests that want one.

        del name
        url = environment[cls.variable]
        with redis.Redis.from_url(url) as server:
            count = int(server.config_get("databases")["databases"] or 16)
            number = 1 + (server.incr(COUNTER) - 1) % (count - 1)
        own = with_path(url, str(number))
        with redis.Redis.from_url(own) as database:
            database.flushdb()
            try:
                yield own
            finally:
                database.flushdb()
