"""The service in a process of its own: what it says, and how it ends."""

import json
from pathlib import Path

import anyio
import pytest

from service import about
from tests.conftest import SECRET_KEY
from tests.people import PASSWORD
from tests.processes import run, serving

SIGN_IN = f"username=nobody%40example.org&password={PASSWORD.replace(' ', '+')}"


async def test_it_finishes_what_is_under_way_when_it_is_told_to_stop(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async with (
        serving(folder=tmp_path, environment=environment) as server,
        await anyio.connect_tcp("127.0.0.1", server.port) as connection,
    ):
        head = f"POST /v1/auth/token HTTP/1.1\r\nHost: service.test\r\nContent-Length: {len(SIGN_IN)}\r\n"
        head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        await connection.send((head + SIGN_IN[:10]).encode())
        assert (await server.http.get("/livez")).is_success

        server.process.terminate()
        with anyio.fail_after(5):
            while await server.accepts_connections():
                await anyio.sleep(0.01)
        await connection.send(SIGN_IN[10:].encode())
        answer = await connection.receive()
        outcome = await server.outcome()

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert outcome.status == 0
    assert "stopped" in outcome.errors


async def test_in_production_every_line_is_json_and_holds_no_secret(
    environment: dict[str, str], tmp_path: Path
) -> None:
    production = {**environment, "ENVIRONMENT": "production", "BCRYPT_COST": "10", "LOG_LEVEL": "debug"}
    assert run("admin", "ann@example.org", folder=tmp_path, environment={**production, "ADMIN_PASSWORD": PASSWORD})
    async with serving(folder=tmp_path, environment=production) as server:
        signed_in = await server.http.post("/v1/auth/token", data={"username": "ann@example.org", "password": PASSWORD})
        assert signed_in.status_code == 200
        tokens = signed_in.json()
        signed_in = {"Authorization": f"Bearer {tokens['access_token']}", "X-Request-ID": "this-one"}
        assert (await server.http.get("/v1/users", headers=signed_in)).status_code == 200
        outcome = await server.stop()

    lines = [json.loads(line) for line in outcome.errors.splitlines()]
    assert {line["service"] for line in lines} == {about.NAME}
    assert all(line["timestamp"].endswith("Z") and line["level"] for line in lines)
    requests = [line for line in lines if line["event"] == "request"]
    assert all(line["request_id"] for line in requests)
    assert [line["path"] for line in requests if line["request_id"] == "this-one"] == ["/v1/users"]
    assert {"serving", "stopped"} <= {line["event"] for line in lines}
    for secret in (PASSWORD, SECRET_KEY, *tokens["refresh_token"].split("."), tokens["access_token"]):
        assert secret not in outcome.errors


@pytest.mark.parametrize("secret", [None, "", "x" * 31])
async def test_without_a_good_secret_it_does_not_start(
    environment: dict[str, str], tmp_path: Path, secret: str | None
) -> None:
    del environment["SECRET_KEY"]
    given = {} if secret is None else {"SECRET_KEY": secret}
    outcome = run("serve", folder=tmp_path, environment=environment | given)

    assert outcome.status == 2
    assert outcome.errors.startswith("SECRET_KEY: ")
    assert ".env.example" in outcome.errors


async def test_on_a_port_in_use_it_does_not_start(environment: dict[str, str], tmp_path: Path) -> None:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        outcome = await anyio.to_thread.run_sync(
            lambda: run("serve", folder=tmp_path, environment={**environment, "PORT": str(port)})
        )

    assert outcome.status == 1
    assert "address already in use" in outcome.errors
