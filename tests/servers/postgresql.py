"""PostgreSQL 17, from the binaries that the Java world embeds (Debian 12 has 15)."""

import contextlib
import os
import platform
import shutil
import signal
import tarfile
import tempfile
import zipfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import ClassVar, LiteralString, cast, override

from tests.servers.install import ServerError, cached, maven, run
from tests.servers.server import Server, listens, with_path

VERSION = "17.11.0"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64v8"}

# It refuses to run as root. In a user namespace without a mapping, root is nobody, and still owns its files.
# A namespace for shared memory as well, so that nothing of it stays behind in the system after kill -9.
AS_NOBODY = () if os.geteuid() else ("unshare", "--user", "--ipc")

FOR_TESTS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",  # In its folder, instead of in /dev/shm, where kill -9 would leave it.
    "fsync": "off",  # It still keeps, through kill -9, all that it has confirmed.
    "full_page_writes": "off",
    "max_connections": "200",
    "max_prepared_transactions": "20",
    "wal_level": "logical",  # For change data capture.
}


class PostgreSQL(Server):
    name: ClassVar[str] = "postgresql"
    variable: ClassVar[str] = "POSTGRES_URL"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # Does not wait for clients to leave, as SIGTERM does.
    end_signal: ClassVar[signal.Signals] = signal.SIGQUIT  # At once, but it gives its shared memory back.

    @property
    @override
    def url(self) -> str:
        return f"postgresql://postgres:postgres@127.0.0.1:{self.port}/postgres"

    @override
    def install(self) -> None:
        self.home = cached(f"postgresql-{VERSION}", _build)

    @override
    def prepare(self) -> None:
        shutil.copytree(self.home / "template", self.folder, dirs_exist_ok=True)
        self.folder.chmod(0o700)

    @override
    def command(self) -> list[str | Path]:
        settings = [word for setting in FOR_TESTS.items() for word in ("-c", "=".join(setting))]
        return [*AS_NOBODY, self.home / "bin/postgres", "-D", self.folder, "-p", str(self.port), *settings]

    @override
    def ready(self) -> bool:
        # What an earlier, killed one left in that file is overwritten before the port is open.
        state = self.folder / "postmaster.pid"
        return listens(self.port) and "ready" in state.read_text()

    @classmethod
    @override
    @contextlib.contextmanager
    def space(cls, environment: Mapping[str, str], name: str) -> Generator[str]:
        import psycopg  # noqa: PLC0415 - half a second, for the tests that want one.

        url = environment[cls.variable]
        # The name is ours, made of letters and digits; a database cannot be a parameter.
        create, drop = f"create database {name} template template0", f"drop database if exists {name} with (force)"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(cast("LiteralString", create))
        try:
            yield with_path(url, name)
        finally:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(cast("LiteralString", drop))


def _build(folder: Path) -> None:
    """Unpacks the binaries, and makes one data folder that every run starts from: copying is quicker than initdb."""
    if platform.machine() not in ARCHITECTURES:
        raise ServerError(f"no PostgreSQL for {platform.machine()}: start one yourself, and set POSTGRES_URL")
    jars = folder / "jars"
    artifact = f"embedded-postgres-binaries-linux-{ARCHITECTURES[platform.machine()]}"
    maven(jars, f"io.zonky.test.postgres:{artifact}:{VERSION}")
    [jar] = jars.glob("*.jar")
    with zipfile.ZipFile(jar) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".txz")]
        with archive.open(name) as packed, tarfile.open(fileobj=packed, mode="r:xz") as files:
            files.extractall(folder, filter="tar")
    shutil.rmtree(jars)
    with tempfile.NamedTemporaryFile("w") as password:
        password.write("postgres")
        password.flush()
        try:
            run(*AS_NOBODY, "true")
        except ServerError as error:
            raise ServerError(
                f"PostgreSQL refuses to run as root, and {error}\nRun the tests as another user"
            ) from error
        options = ("-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        run(*AS_NOBODY, folder / "bin/initdb", "-D", folder / "template", f"--pwfile={password.name}", *options)
