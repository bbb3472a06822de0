import asyncio
import socket
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from service.platform.threads import in_thread
from tests.patience import PATIENCE_SECONDS
from tests.processes import managing
from tests.serving import serving

NEWEST = ("activity", "0001_activity")


@pytest.mark.django_db(transaction=True)
async def test_it_serves_until_it_is_told_to_stop(
    environment: dict[str, str], free_tcp_port: int, tmp_path: Path
) -> None:
    async with serving(environment, free_tcp_port, tmp_path) as (process, http):
        ready = (await http.get("/readyz")).json()
        assert {name: each["status"] for name, each in ready["dependencies"].items()} == {
            "database": "up",
            "cache": "up",
            "broker": "up",
        }
        assert await asyncio.to_thread(process.stop) == 0
        assert process.lines[-1]["event"] == "stopped"


@pytest.mark.django_db(transaction=True)
async def test_it_does_not_start_on_a_port_that_is_taken(
    environment: dict[str, str], free_tcp_port: int, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_tcp_port))
        taken.listen()
        with managing("serve", environment | {"PORT": str(free_tcp_port)}, tmp_path) as process:
            assert await asyncio.to_thread(process.popen.wait, PATIENCE_SECONDS) > 0


@pytest.mark.django_db(transaction=True)
async def test_it_does_not_start_without_its_migrations(environment: dict[str, str], tmp_path: Path) -> None:
    recorder = MigrationRecorder(connection)
    await in_thread(recorder.record_unapplied, *NEWEST)
    try:
        with managing("serve", environment, tmp_path) as process:
            assert await asyncio.to_thread(process.popen.wait, PATIENCE_SECONDS) == 2
    finally:
        await in_thread(recorder.record_applied, *NEWEST)
    assert "make migrate" in process.log.read_text()


def test_a_setting_that_is_wrong_is_named(tmp_path: Path) -> None:
    with managing("check", {"BCRYPT_COST": "3"}, tmp_path) as process:
        assert process.popen.wait(PATIENCE_SECONDS) == 2
    assert "BCRYPT_COST" in process.log.read_text()
