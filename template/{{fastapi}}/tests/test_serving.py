"""The service in a process of its own: a short life in production, and what is left of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import SocketStream

from service import about, wiring
from service.domain.users import NewUser
from service.platform.metrics import Metrics
from tests.conftest import SECRET_KEY, make_settings
from tests.people import PASSWORD
from tests.processes import Outcome, Server, run, serving

EMAIL = "operator@example.org"
FORM = f"username=nobody%40example.org&password={PASSWORD.replace(' ', '+')}"


@dataclass(frozen=True, slots=True)
class Life:
    tokens: dict[str, Any]
    last_answer: bytes
    outcome: Outcome

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.outcome.errors.splitlines()]


@pytest.fixture(scope="module")
async def life(own: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Somebody signs in, lists users and signs in again; during which the service is told to stop."""
    async with wiring.build(make_settings(own), Metrics()) as service:
        await service.users.add(NewUser(email=EMAIL, name="Operator", password=PASSWORD, role="admin"))
    environment = {
        **{name.upper(): value for name, value in own.items()},
        "SECRET_KEY": SECRET_KEY,
        "ENVIRONMENT": "production",
        "BCRYPT_COST": "10",
        "LOG_LEVEL": "debug",
    }
    async with serving(folder=tmp_path_factory.mktemp("empty"), environment=environment) as server:
        signed_in = await server.http.post("/v1/auth/token", data={"username": EMAIL, "password": PASSWORD})
        tokens = signed_in.json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}", "X-Request-ID": "this-one"}
        assert (await server.http.get("/v1/users", headers=headers)).status_code == 200
        async with await anyio.connect_tcp("127.0.0.1", server.port) as connection:
            last_answer = await _be_interrupted(server, connection)
        outcome = await server.outcome()
    return Life(tokens, last_answer, outcome)


async def _be_interrupted(server: Server, connection: SocketStream) -> bytes:
    """Sends half of a request, has the service told to stop, and sends the other half."""
    head = f"POST /v1/auth/token HTTP/1.1\r\nHost: service.test\r\nContent-Length: {len(FORM)}\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    await connection.send((head + FORM[:10]).encode())
    assert (await server.http.get("/livez")).is_success
    server.process.terminate()
    await server.stops_listening()
    await connection.send(FORM[10:].encode())
    return await connection.receive()


async def test_a_request_that_is_under_way_is_still_answered(life: Life) -> None:
    assert life.last_answer.startswith(b"HTTP/1.1 401 ")
    assert [line["status"] for line in life.lines if line["event"] == "request"][-1] == 401


async def test_it_ends_as_asked(life: Life) -> None:
    assert life.outcome.status == 0
    assert life.lines[-1]["event"] == "stopped"


async def test_every_line_is_json_for_machines(life: Life) -> None:
    assert life.outcome.output == ""
    assert {line["service"] for line in life.lines} == {about.NAME}
    assert all(line["timestamp"].endswith("Z") and line["level"] for line in life.lines)


async def test_the_lines_of_a_request_have_its_id(life: Life) -> None:
    requests = [line for line in life.lines if line["event"] == "request"]

    assert all(line["request_id"] for line in requests)
    assert [line["path"] for line in requests if line["request_id"] == "this-one"] == ["/v1/users"]


async def test_no_line_holds_a_secret(life: Life) -> None:
    secrets = [PASSWORD, SECRET_KEY, life.tokens["access_token"], *life.tokens["refresh_token"].split(".")]

    assert all(secret not in life.outcome.errors for secret in secrets)


def test_without_a_secret_it_does_not_start(tmp_path: Path) -> None:
    outcome = run("serve", folder=tmp_path, environment={"ENVIRONMENT": "production"})

    assert outcome.status == 2
    assert outcome.errors.startswith("SECRET_KEY: ")
    assert ".env.example" in outcome.errors
