"""Consul's development agent, built from source by Go: minutes, once."""

import os
from pathlib import Path
from typing import ClassVar, override

import httpx

from tests.servers.install import cached, go
from tests.servers.server import Server

VERSION = "1.20.5"  # Newer ones need modules that the Go proxy lacks.


class Consul(Server):
    name: ClassVar[str] = "consul"
    variable: ClassVar[str] = "CONSUL_URL"
    port_count: ClassVar[int] = 6

    @property
    @override
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @override
    def install(self) -> None:
        module = "github.com/hashicorp/consul"
        self.home = cached(f"consul-{VERSION}", lambda folder: go(folder, f"{module}@v{VERSION}", module, "consul"))

    @override
    def command(self) -> list[str | Path]:
        kinds = ("http", "grpc", "dns", "server", "serf-lan", "serf-wan")
        ports = [f"-{kind}-port={port}" for kind, port in zip(kinds, self.ports, strict=True)]
        quiet = ("-log-level=warn", "-grpc-tls-port=-1", "-hcl=disable_update_check = true")
        return [self.home / "consul", "agent", "-dev", "-node=bedplate", "-bind=127.0.0.1", *quiet, *ports]

    @override
    def variables(self) -> dict[str, str]:
        return {**os.environ, "CHECKPOINT_DISABLE": "1"}  # Or it would ask its maker for updates.

    @override
    def ready(self) -> bool:
        """Once there is a leader, which knows this node."""
        try:
            return bool(httpx.get(f"{self.url}/v1/catalog/nodes", trust_env=False).raise_for_status().json())
        except httpx.HTTPError:
            return False
