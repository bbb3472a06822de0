"""Which events tell of what happens, and that they do so exactly if it does."""

import asyncio
from collections.abc import Sequence

import pytest

from service.about import SOURCE
from service.domain import events
from service.domain.errors import EmailTaken, Forbidden, NotFound, Stale, WrongCredentials
from service.domain.events import Event
from service.domain.users import NewUser
from service.platform import trace_context
from service.ports import Database
from service.wiring import Service
from tests.buses import LocalBus
from tests.outbox import settled
from tests.people import PASSWORD, Person

NEW = NewUser(email="New@Example.org", name="New", password=PASSWORD)
OTHER_PASSWORD = "another horse, another battery"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Published:
    """The events since the test began."""

    def __init__(self, database: Database, bus: LocalBus) -> None:
        self._database = database
        self._bus = bus
        self._seen = 0

    async def __call__(self) -> Sequence[Event]:
        await settled(self._database)
        found = self._bus.published[self._seen :]
        self._seen += len(found)
        return found


@pytest.fixture
async def published(admin: Person, ann: Person, database: Database, local_bus: LocalBus) -> Published:
    assert admin.user.id != ann.user.id
    published = Published(database, local_bus)
    await published()
    return published


def public(person: Person, **changes: object) -> dict[str, object]:
    user = person.user
    return {"user_id": user.id, "email": user.email, "name": user.name, "role": user.role, **changes}


async def test_who_is_created(service: Service, admin: Person, published: Published) -> None:
    with trace_context.bound(TRACE):
        created = await service.users.create(admin.user, NEW, "key")
    await service.users.create(admin.user, NEW, "key")

    (event,) = await published()
    assert (event.source, event.type, event.subject, event.trace) == (SOURCE, events.USER_CREATED, created.id, TRACE)
    assert event.data == {
        "user_id": created.id,
        "by": admin.user.id,
        "email": "new@example.org",
        "name": "New",
        "role": "user",
    }
    assert abs((event.time - created.created_at).total_seconds()) < 10


async def test_who_is_created_by_the_service_itself(service: Service, published: Published) -> None:
    await service.users.add(NEW)

    (event,) = await published()
    assert (event.type, event.data["by"]) == (events.USER_CREATED, None)


async def test_what_is_changed(service: Service, admin: Person, ann: Person, published: Published) -> None:
    await service.users.update(ann.user, ann.user.id, {"name": "Ann E."})
    await service.users.update(ann.user, ann.user.id, {"name": "Ann E."})
    await service.users.update(admin.user, ann.user.id, {"role": "admin", "password": OTHER_PASSWORD})

    first, second = await published()
    assert (first.type, first.subject, second.type) == (events.USER_UPDATED, ann.user.id, events.USER_UPDATED)
    assert first.data == public(ann, by=ann.user.id, name="Ann E.", changed=["name"])
    assert second.data == public(ann, by=admin.user.id, name="Ann E.", role="admin", changed=["password", "role"])


async def test_an_own_password_is_changed_by_nobody_else(service: Service, ann: Person, published: Published) -> None:
    await service.users.update(ann.user, ann.user.id, {"password": OTHER_PASSWORD, "current_password": PASSWORD})

    (event,) = await published()
    assert event.data["changed"] == ["password"]
    assert "horse" not in str(event)


async def test_who_is_deleted(service: Service, admin: Person, ann: Person, published: Published) -> None:
    await service.users.delete(admin.user, ann.user.id)

    (event,) = await published()
    assert (event.type, event.subject) == (events.USER_DELETED, ann.user.id)
    assert event.data == {"user_id": ann.user.id, "by": admin.user.id}


async def test_who_signs_in(service: Service, ann: Person, published: Published) -> None:
    tokens = await service.sessions.sign_in(ann.user.email, PASSWORD)
    await service.sessions.refresh(tokens.refresh_token)

    (event,) = await published()
    assert (event.type, event.subject) == (events.SESSION_STARTED, ann.user.id)
    assert event.data == {"user_id": ann.user.id, "by": ann.user.id}


async def test_who_is_refused(service: Service, ann: Person, published: Published) -> None:
    for email in (ann.user.email, "who put their password here"):
        with pytest.raises(WrongCredentials):
            await service.sessions.sign_in(email, OTHER_PASSWORD)

    found = sorted(await published(), key=lambda event: event.subject)
    assert {event.type for event in found} == {events.SESSION_REFUSED}
    assert [(event.subject, event.data) for event in found] == [
        ("", {"user_id": None, "by": None}),
        (ann.user.id, {"user_id": ann.user.id, "by": None}),
    ]
    assert "password" not in str(found)


async def test_what_does_not_happen_has_no_event(
    service: Service, admin: Person, ann: Person, published: Published
) -> None:
    taken = NewUser(email=ann.user.email, name="Other", password=PASSWORD)
    for attempt, error in (
        (service.users.create(ann.user, NEW), Forbidden),
        (service.users.create(admin.user, taken), EmailTaken),
        (service.users.update(ann.user, ann.user.id, {"email": admin.user.email}), EmailTaken),
        (service.users.update(ann.user, ann.user.id, {"name": "Late"}, {7}), Stale),
        (service.users.delete(ann.user, ann.user.id, {7}), Stale),
        (service.users.delete(admin.user, "nobody"), NotFound),
    ):
        with pytest.raises(error):
            await attempt

    assert await published() == []


async def test_of_changes_at_the_same_time_each_has_its_event_in_its_order(
    service: Service, ann: Person, published: Published
) -> None:
    changed = await asyncio.gather(
        *(service.users.update(ann.user, ann.user.id, {"name": f"Ann {number}"}) for number in range(5))
    )

    in_order = [user.name for user in sorted(changed, key=lambda user: user.version)]
    assert [event.data["name"] for event in await published()] == in_order


async def test_the_trace_of_a_request_goes_along_with_its_events(ann: Person, published: Published) -> None:
    await ann.http.patch(ann.path, json={"name": "Ann E."}, headers={"traceparent": TRACE})
    await ann.http.patch(ann.path, json={"name": "Ann"}, headers={"traceparent": "nonsense"})

    assert [event.trace for event in await published()] == [TRACE, None]


async def test_an_event_may_be_published_without_the_outbox(service: Service, local_bus: LocalBus) -> None:
    with trace_context.bound(TRACE):
        await service.events.publish_event("something.happened", {"a": 1}, subject="ann")

    event = local_bus.published[-1]
    assert (event.source, event.type, event.subject, event.data, event.trace) == (
        SOURCE,
        "something.happened",
        "ann",
        {"a": 1},
        TRACE,
    )
