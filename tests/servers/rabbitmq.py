"""RabbitMQ 3, from Debian, with its management API."""

import contextlib
import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import ClassVar, override
from urllib.parse import quote, urlsplit

import httpx

from tests.servers.install import debian
from tests.servers.server import Server, exchange, listens, with_path

# Behind the command on the path is a wrapper that changes the user; this is the server's own script.
PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"
MANAGEMENT = "RABBITMQ_MANAGEMENT_URL"
AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"


class RabbitMQ(Server):
    name: ClassVar[str] = "rabbitmq"
    variable: ClassVar[str] = "RABBITMQ_URL"
    port_count: ClassVar[int] = 4

    @property
    @override
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/%2F"

    @property
    @override
    def environment(self) -> dict[str, str]:
        management = f"http://guest:guest@127.0.0.1:{self.ports[1]}"
        return {self.variable: self.url, MANAGEMENT: management}

    @override
    def install(self) -> None:
        self.program = debian(PROGRAM, "rabbitmq-server")

    @override
    def prepare(self) -> None:
        (self.folder / "home").mkdir()
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        settings = {
            "listeners.tcp.default": f"127.0.0.1:{self.port}",
            "management.tcp.ip": "127.0.0.1",
            "management.tcp.port": self.ports[1],
            "log.file": "false",
            "log.console": "true",
        }
        (self.folder / "rabbitmq.conf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))

    @override
    def command(self) -> list[str | Path]:
        return [self.program]

    @override
    def variables(self) -> dict[str, str]:
        folder = self.folder
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith(("RABBITMQ_", "ERL_"))},
            "HOME": str(folder / "home"),  # For its cookie.
            "RUNNING_UNDER_SYSTEMD": "1",  # Stays in the foreground, as the process that gets the signals.
            # Erlang starts a name service if there is none on that port: one of our own, which its keeper will end.
            "ERL_EPMD_PORT": str(self.ports[2]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "bedplate@localhost",
            "RABBITMQ_DIST_PORT": str(self.ports[3]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
        }

    @override
    def ready(self) -> bool:
        return exchange(self.port, AMQP_HEADER, 1) == METHOD_FRAME and listens(self.ports[1])

    @classmethod
    @override
    @contextlib.contextmanager
    def space(cls, environment: Mapping[str, str], name: str) -> Generator[str]:
        url = environment[cls.variable]
        with management(environment) as api:
            api.put(f"/api/vhosts/{name}").raise_for_status()
            user = quote(urlsplit(url).username or "guest", safe="")
            everything = {"configure": ".*", "write": ".*", "read": ".*"}
            api.put(f"/api/permissions/{name}/{user}", json=everything).raise_for_status()
            try:
                yield with_path(url, name)
            finally:
                api.delete(f"/api/vhosts/{name}").raise_for_status()


def management(environment: Mapping[str, str]) -> httpx.Client:
    """A client of the management API. A server of your own has it where RABBITMQ_MANAGEMENT_URL says, or at 15672."""
    url = urlsplit(environment[RabbitMQ.variable])
    usual = f"http://{url.username or 'guest'}:{url.password or 'guest'}@{url.hostname}:15672"
    known = environment.get(MANAGEMENT) or os.environ.get(MANAGEMENT, usual)
    return httpx.Client(base_url=known, trust_env=False)
