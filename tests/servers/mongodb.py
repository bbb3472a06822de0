"""A server of MongoDB's protocol: mongo-java-server on an H2 file, since no package registry carries mongod.

It has unique indexes and atomic changes of one document, but neither transactions nor validators, and of the newer
stages and expressions only those that are used here. Set MONGODB_URL to run the same tests on a real one, as the public
continuous integration does.
"""

import contextlib
import hashlib
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, ClassVar, override

from tests.servers.install import QUICK_JAVA, cached, java, maven, run
from tests.servers.server import Server, listens, with_path

VERSION = "1.47.0"
SOURCES = [Path(__file__).with_name(name) for name in ("MongoFront.java", "MongoWords.java")]


class MongoDB(Server):
    name: ClassVar[str] = "mongodb"
    variable: ClassVar[str] = "MONGODB_URL"

    @property
    @override
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}"

    @override
    def install(self) -> None:
        self.java = java()
        edition = hashlib.sha256(b"".join(each.read_bytes() for each in SOURCES)).hexdigest()[:8]
        self.home = cached(f"mongo-java-server-{VERSION}-{edition}", _build)

    @override
    def command(self) -> list[str | Path]:
        path = f"{self.home}/classes:{self.home}/libs/*"
        return [self.java, *QUICK_JAVA, "-cp", path, "MongoFront", str(self.port), self.folder / "data.mv"]

    @override
    def ready(self) -> bool:
        return listens(self.port)

    @classmethod
    @override
    @contextlib.contextmanager
    def space(cls, environment: Mapping[str, str], name: str) -> Generator[str]:
        import pymongo  # noqa: PLC0415 - half a second, for the tests that want one.

        own = with_path(environment[cls.variable], name)
        try:
            yield own
        finally:
            with pymongo.MongoClient[dict[str, Any]](own) as client:
                client.drop_database(name)


def _build(folder: Path) -> None:
    libs = folder / "libs"
    maven(libs, f"de.bwaldvogel:mongo-java-server-h2-backend:{VERSION}", "org.slf4j:slf4j-simple:2.0.17")
    run(java("javac"), "-cp", f"{libs}/*", "-d", folder / "classes", *SOURCES)
