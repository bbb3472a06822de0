import asyncio

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from service import wiring
from service.adapters.database.sql.engine import disposing
from service.adapters.database.sql.stores import SqlUserStore
from service.domain.errors import NotFound, Unavailable, WrongCredentials
from service.domain.events import Event
from service.domain.sessions import Session
from service.domain.users import CreationKey, User
from service.platform.metrics import Metrics
from service.platform.security import PasswordCheck, SecurityManager
from service.ports import Database
from service.settings import Settings
from service.wiring import Service
from tests.buses import LocalBus
from tests.clock import MovableClock
from tests.events import new_event
from tests.outbox import pending, settled
from tests.people import PASSWORD, Person


async def test_who_finds_all_connections_in_use_waits_and_is_told(settings: Settings) -> None:
    metrics = Metrics()
    tight = {"database_pool_size": 1, "database_pool_overflow": 1, "database_pool_timeout_seconds": 0.05}

    def connections(state: str) -> float | None:
        return metrics.registry.get_sample_value("db_pool_connections", {"state": state})

    async with wiring.database.connect(settings.model_copy(update=tight), metrics) as database:
        async with database.read() as one, database.read() as other:
            await one.users.page(None, 1)
            await other.users.page(None, 1)
            assert connections("in_use") == 2
            with pytest.raises(Unavailable, match="All connections"):
                async with database.read():
                    """It does not come to this."""
        async with database.read() as stores:
            assert await stores.users.page(None, 1) == []
        assert (connections("in_use"), connections("idle")) == (0, 1)


async def test_a_connection_that_has_grown_old_is_replaced(settings: Settings) -> None:
    aging = settings.model_copy(update={"database_pool_recycle_seconds": 0.3})
    count = 0

    def opened(*_: object) -> None:
        nonlocal count
        count += 1

    async with disposing(wiring.database.create_engine(aging, Metrics())) as engine:
        event.listen(engine.sync_engine, "connect", opened)
        for pause, expected in ((0, 1), (0, 1), (0.35, 2), (0, 2)):
            await asyncio.sleep(pause)
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
            assert count == expected


async def test_a_database_that_does_not_answer_is_unavailable(database: Database) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        async with database.transaction():
            raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))


async def test_what_breaks_in_a_unit_of_work_is_undone(
    admin: Person, service: Service, database: Database, local_bus: LocalBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settled(database)
    add = SqlUserStore.add

    async def add_and_break(
        store: SqlUserStore, user: User, password_hash: str, event: Event, key: CreationKey | None = None
    ) -> None:
        await add(store, user, password_hash, event, key)
        assert await store.get(user.id) == user
        raise RuntimeError("after the row was written")

    monkeypatch.setattr(SqlUserStore, "add", add_and_break)
    response = await admin.http.post(
        "/v1/users", json={"email": "new@example.org", "name": "New", "password": PASSWORD}
    )

    assert response.status_code == 500
    assert (await service.users.page(admin.user, None, 10)).items == [admin.user]
    assert await pending(database) == []
    assert [event.type for event in local_bus.published] == ["user.created", "session.started"]  # Of the admin.


async def test_a_session_needs_its_user(database: Database) -> None:
    clock = MovableClock()
    with pytest.raises(NotFound):
        async with database.transaction() as stores:
            await stores.sessions.add(
                Session(
                    id="one", user_id=stores.users.next_id(), generation=1, secret_hash="hash", expires_at=clock.now()
                ),
                new_event(),
            )


async def test_who_is_deleted_while_signing_in_is_not_signed_in(
    service: Service, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check_slowly(_security: SecurityManager, _password: str, _hash: str | None) -> PasswordCheck:
        await service.users.delete(ann.user, ann.user.id)
        return PasswordCheck(is_right=True)

    monkeypatch.setattr(SecurityManager, "verify_password", check_slowly)

    with pytest.raises(WrongCredentials):
        await service.sessions.sign_in(ann.user.email, PASSWORD)
