"""The service's commands, run as they are run in earnest: each in a process of its own."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import anyio
from httpx import AsyncClient, TransportError

from service.settings import Settings

PROJECT = Path(__file__).parents[1]
SETTINGS = {name.upper() for name in Settings.model_fields}
PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    status: int
    output: str
    errors: str


def run(*command: str, folder: Path, environment: Mapping[str, str]) -> Outcome:
    """Runs a command of the service in an empty folder, so that no `.env` is read."""
    with _start(*command, folder=folder, environment=environment) as process:
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return Outcome(process.returncode, output, errors)


@dataclass(frozen=True, slots=True)
class Server:
    process: subprocess.Popen[str]
    http: AsyncClient
    port: int

    async def stops_listening(self) -> None:
        """Waits until it does not accept connections any more."""
        for _ in range(500):
            try:
                async with await anyio.connect_tcp("127.0.0.1", self.port):
                    await anyio.sleep(0.01)
            except OSError:
                return
        raise AssertionError("The service still accepts connections.")

    async def outcome(self) -> Outcome:
        """Waits until it has ended."""
        output, errors = await anyio.to_thread.run_sync(lambda: self.process.communicate(timeout=PATIENCE_SECONDS))
        return Outcome(self.process.returncode, output, errors)


@asynccontextmanager
async def serving(*, folder: Path, environment: Mapping[str, str]) -> AsyncGenerator[Server]:
    """The service, ready to serve; whoever forgets to stop it finds it killed."""
    port = _free_port()
    with _start("serve", folder=folder, environment={**environment, "PORT": str(port)}) as process:
        try:
            async with AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                await _until_ready(process, client)
                yield Server(process, client, port)
        finally:
            process.kill()


def _start(*command: str, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "service", *command],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if name not in SETTINGS},
            "PYTHONPATH": str(PROJECT),
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def _until_ready(process: subprocess.Popen[str], client: AsyncClient) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while process.poll() is None and monotonic() < deadline:
        try:
            if (await client.get("/readyz")).is_success:
                return
        except TransportError:
            pass
        await anyio.sleep(0.02)
    process.kill()
    raise AssertionError(f"The service did not become ready:\n{process.communicate()[1]}")
