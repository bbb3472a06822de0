"""No asynchronous code waits for a file, a socket, a lock or a database: meanwhile nobody else would be served."""

import threading
import time
from collections.abc import Iterator

import pytest
from blockbuster import BlockingError, blockbuster_ctx

from service.users.hashers import BcryptSha256Hasher
from tests.calling import calling
from tests.people import PASSWORD, Person

STATUSES = {
    "/livez": 200,
    "/readyz": 200,
    "/metrics": 200,
    "/openapi.json": 200,
    "/docs": 200,
    "/nowhere": 404,
    "/static/admin/css/base.css": 200,
}


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
    async with calling() as http:
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


@pytest.mark.django_db(transaction=True)
async def test_a_password_is_hashed_beside_the_event_loop(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    verify = BcryptSha256Hasher.verify
    threads = []

    def noting_the_thread(hasher: BcryptSha256Hasher, password: str, encoded: str) -> bool:
        threads.append(threading.current_thread())
        return verify(hasher, password, encoded)

    monkeypatch.setattr(BcryptSha256Hasher, "verify", noting_the_thread)
    async with calling() as http:
        form = {"username": ann.user.email, "password": PASSWORD}
        assert (await http.post("/v1/auth/token", data=form)).status_code == 200

    [thread] = threads
    assert thread is not threading.current_thread()
