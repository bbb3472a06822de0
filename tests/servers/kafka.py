"""Kafka 4, from Maven Central: one process that is broker and controller at once (KRaft)."""

import base64
import shutil
import struct
import uuid
from pathlib import Path
from typing import ClassVar, override

from tests.servers.install import QUICK_JAVA, cached, java, maven, run
from tests.servers.server import Server, exchange

VERSION = "4.4.0"

ONE_OF_EACH = """\
num.partitions=3
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
"""

# Metadata, version 1, of no topic. Its answer: length, the same number, how many brokers are ready, …
METADATA = struct.pack(">hhihi", 3, 1, 7, -1, 0)


class Kafka(Server):
    name: ClassVar[str] = "kafka"
    variable: ClassVar[str] = "KAFKA_URL"
    port_count: ClassVar[int] = 2

    @property
    @override
    def url(self) -> str:
        return f"127.0.0.1:{self.port}"

    @override
    def install(self) -> None:
        self.java = java()
        self.home = cached(f"kafka-{VERSION}", _build)

    @override
    def prepare(self) -> None:
        shutil.copytree(self.home / "template", self.folder / "logs")
        settings = _settings(self.folder / "logs", *self.ports)
        (self.folder / "server.properties").write_text(settings)

    @override
    def command(self) -> list[str | Path]:
        return _java(self.home, "kafka.Kafka", self.folder / "server.properties")

    @override
    def ready(self) -> bool:
        answer = exchange(self.port, struct.pack(">i", len(METADATA)) + METADATA, 12)
        return len(answer) == 12 and struct.unpack(">iii", answer)[2] > 0


def _java(home: Path, *words: str | Path) -> list[str | Path]:
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return [java(), *QUICK_JAVA, quiet, "-cp", f"{home}/libs/*", *words]


def _settings(logs: Path, broker: int, controller: int) -> str:
    return ONE_OF_EACH + (
        "process.roles=broker,controller\n"
        "node.id=1\n"
        f"controller.quorum.voters=1@127.0.0.1:{controller}\n"
        "controller.listener.names=CONTROLLER\n"
        f"listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}\n"
        f"advertised.listeners=PLAINTEXT://127.0.0.1:{broker}\n"
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n"
        f"log.dirs={logs}\n"
    )


def _build(folder: Path) -> None:
    """Downloads it, and formats one data folder that every run starts from: that costs a whole start of Java."""
    kafka, tools = (f"org.apache.kafka:{name}:{VERSION}" for name in ("kafka_2.13", "kafka-tools"))
    maven(folder / "libs", kafka, f"{tools}:alone", "org.slf4j:slf4j-simple:1.7.36")
    settings = folder / "format.properties"
    settings.write_text(_settings(folder / "template", 9092, 9093))
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    run(*_java(folder, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", settings))
