"""No asynchronous code waits for a file, a socket, a lock or a database: meanwhile nobody else would be served."""

import time
from collections.abc import Iterator

import pytest
from blockbuster import BlockingError, blockbuster_ctx
from httpx import ASGITransport, AsyncClient

from config.asgi import application
from tests.people import PASSWORD, Person

STATUSES = {
    "/livez": 200,
    "/readyz": 200,
    "/metrics": 200,
    "/openapi.json": 200,
    "/docs": 200,
    "/nowhere": 404,
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def _watched() -> Iterator[None]:
    """Raises an error wherever the event loop's thread would wait."""
    with blockbuster_ctx():
        yield


@pytest.mark.usefixtures("_watched")
async def test_the_watch_sees_what_blocks() -> None:
    with pytest.raises(BlockingError):
        time.sleep(0.001)  # noqa: ASYNC251 - this is the point.


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_watched")
async def test_no_request_blocks(admin: Person) -> None:
    token = {"Authorization": f"Bearer {admin.tokens.access_token}"}
    new = {"email": "new@example.org", "name": "New", "password": PASSWORD}
    transport = ASGITransport(application)  # type: ignore[arg-type] # The same, typed by Django in its own way.
    async with AsyncClient(transport=transport, base_url="http://service.test") as http:
        created = await http.post("/v1/users", json=new, headers=token)
        path = created.headers["Location"]
        answers = [
            created,
            await http.get(path, headers=token),
            await http.patch(path, json={"name": "Newer"}, headers=token),
            await http.get("/v1/users", headers=token),
            await http.delete(path, headers=token),
            await http.post("/v1/auth/token", data={"username": new["email"], "password": "wrong"}),
        ]
        others = {path: (await http.get(path)).status_code for path in STATUSES}

    assert [each.status_code for each in answers] == [201, 200, 200, 200, 204, 401]
    assert others == STATUSES
