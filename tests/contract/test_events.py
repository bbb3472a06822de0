"""Speaks to the broker itself: reads what the service says, and says what other services might.

Needs `--broker` and `--broker-url`. Where nobody but the service can read its events (within a process, or through
RabbitMQ's default exchange), the tests that would have to are left out: pytest counts them as deselected.
"""

import json
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from .client import Caller, Service, new_email, new_password, new_user, problem
from .documents import Json, Node
from .events import EventContract, Message, canonical_document, foreign_event, message
from .test_activity import PATIENCE, entries, eventually, id_of, one
from .wire import Wire

pytestmark = pytest.mark.broker
reads = pytest.mark.reads_events
TYPES = sorted(EventContract(canonical_document()).types)
PARKED = re.compile(r'^events_consumed_total\{[^}]*result="parked"[^}]*\} ([0-9.e+]+)$', re.MULTILINE)


def parked(service: Service) -> float:
    """How many messages the service has put aside since it runs."""
    return sum(float(value) for value in PARKED.findall(service.anyone.get("/metrics").text))


def new_id() -> str:
    return f"foreign-{uuid.uuid4().hex}"


def entry_of(event: Node) -> Node:
    """What the activity log has to say about an event."""
    entry = {"id": event["id"], "type": event["type"], "time": event["time"]}
    return at_its_time(entry | {name: event["data"][name] for name in ("user_id", "by")})


def at_its_time(entry: Node) -> Node:
    """However that is written."""
    return entry | {"time": datetime.fromisoformat(entry["time"])}


# ---------------------------------------------------------------------------------------------- what the service says


@reads
def test_it_tells_what_happens(service: Service, admin: Caller, wire: Wire) -> None:
    began = datetime.now(UTC) - timedelta(minutes=1)
    ann = service.create()
    session = ann.sign_in()
    problem(service.try_to_sign_in(ann.email, "not the password"), 401, "wrong-credentials")
    changes = {"name": "Bea", "password": new_password(), "current_password": ann.password}
    assert session.caller.patch(ann.path, json=changes).status_code == 200
    email = new_email()
    assert admin.patch(ann.path, json={"role": "admin", "email": email}).status_code == 200
    assert admin.delete(ann.path).status_code == 204
    boss = id_of(admin)

    events = wire.wait_for(6, about=ann.id)

    told = [
        (event["type"], {key: value for key, value in event["data"].items() if key != "user_id"}) for event in events
    ]
    assert told == [
        ("user.created", {"by": boss, "email": ann.email, "name": ann.name, "role": "user"}),
        ("session.started", {"by": ann.id}),
        ("session.refused", {"by": None}),
        (
            "user.updated",
            {"by": ann.id, "changed": ["name", "password"], "email": ann.email, "name": "Bea", "role": "user"},
        ),
        ("user.updated", {"by": boss, "changed": ["email", "role"], "email": email, "name": "Bea", "role": "admin"}),
        ("user.deleted", {"by": boss}),
    ]
    assert datetime.fromisoformat(events[0]["time"]) == datetime.fromisoformat(ann.created_at)
    times = [datetime.fromisoformat(event["time"]) for event in events]
    assert times == sorted(times)
    assert began < times[0] < datetime.now(UTC) + timedelta(minutes=1)
    assert len({event["source"] for event in events}) == 1


@reads
def test_the_activity_log_is_made_of_the_events(service: Service, admin: Caller, wire: Wire) -> None:
    ann, _ = service.sign_up()

    events = wire.wait_for(2, about=ann.id)

    logged = eventually(admin, ann.id, ["session.started", "user.created"])
    assert {entry["id"]: at_its_time(entry) for entry in logged} == {event["id"]: entry_of(event) for event in events}


@reads
def test_it_never_tells_what_was_entered_to_sign_in(service: Service, admin: Caller, wire: Wire) -> None:
    secret = f"my-password-{uuid.uuid4().hex}"
    count = len([event for event in wire.events() if event["data"]["user_id"] is None])
    ann = service.create(password=secret)
    problem(service.try_to_sign_in(secret, new_password()), 401, "wrong-credentials")
    problem(service.try_to_sign_in(new_email(), secret), 401, "wrong-credentials")
    ann.sign_in()
    assert admin.patch(ann.path, json={"password": f"{secret}-new"}).status_code == 200

    events = wire.wait_for(count + 2, about=None) + wire.wait_for(3, about=ann.id)

    assert secret not in json.dumps(events)
    assert all("subject" not in event for event in events if event["data"]["user_id"] is None)


@reads
def test_it_tells_nothing_of_what_does_not_happen(service: Service, admin: Caller, wire: Wire) -> None:
    ann, session = service.sign_up()
    bob = service.create()
    taken = new_user(email=ann.email)
    problem(admin.post("/v1/users", json=taken), 409, "email-taken")
    problem(admin.patch(ann.path, json={"email": bob.email}), 409, "email-taken")
    problem(admin.patch(ann.path, json={"name": "X"}, headers={"If-Match": '"stale"'}), 412, "stale")
    problem(session.caller.patch(ann.path, json={"role": "admin"}), 403, "forbidden")
    assert admin.patch(ann.path, json={"name": ann.name}).status_code == 200
    assert admin.delete(ann.path).status_code == 204

    events = wire.wait_for(3, about=ann.id)

    assert [event["type"] for event in events] == ["user.created", "session.started", "user.deleted"]


@reads
def test_it_tells_of_each_subject_in_order(service: Service, admin: Caller, wire: Wire) -> None:
    people = [service.create() for _ in range(5)]
    names = [f"Ann {number}" for number in range(20)]

    def rename(path: str) -> None:
        for name in names:
            assert admin.patch(path, json={"name": name}).status_code == 200

    with ThreadPoolExecutor(len(people)) as threads:
        list(threads.map(rename, [person.path for person in people]))

    for person in people:
        events = wire.wait_for(1 + len(names), about=person.id)
        assert [event["data"]["name"] for event in events] == [person.name, *names]
        assert len({event["id"] for event in events}) == len(events)


@reads
def test_it_carries_the_trace_along(service: Service, admin: Caller, wire: Wire) -> None:
    trace = uuid.uuid4().hex
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    body = new_user()
    user_id = admin.post("/v1/users", json=body, headers=headers).json()["id"]
    assert admin.delete(f"/v1/users/{user_id}", headers={"traceparent": "nonsense"}).status_code == 204

    created, deleted = wire.wait_for(2, about=user_id)

    assert created["traceparent"].split("-")[1] == trace
    assert trace not in deleted.get("traceparent", "")
    service.anyone.get("/livez")


# ---------------------------------------------------------------------------------------------- what others say


@pytest.mark.parametrize("event_type", TYPES)
def test_a_foreign_event_is_logged(admin: Caller, wire: Wire, event_type: str) -> None:
    user_id = new_id()
    event = foreign_event(event_type, user_id)

    wire.publish(message(event))

    [entry] = eventually(admin, user_id, [event_type])
    assert at_its_time(entry) == entry_of(event)


def test_a_foreign_event_may_be_about_a_user_of_ours(service: Service, admin: Caller, wire: Wire) -> None:
    ann = service.create()

    wire.publish(message(foreign_event("session.started", ann.id)))

    eventually(admin, ann.id, ["session.started", "user.created"])


def test_a_time_of_another_zone_is_told_in_utc(admin: Caller, wire: Wire) -> None:
    user_id = new_id()

    wire.publish(message(foreign_event("user.created", user_id, time="2026-05-04T11:30:00.1239+02:00")))

    [entry] = eventually(admin, user_id, ["user.created"])
    assert datetime.fromisoformat(entry["time"]) == datetime(2026, 5, 4, 9, 30, 0, 123000, UTC)


def test_an_event_that_comes_again_has_no_effect(admin: Caller, wire: Wire) -> None:
    user_id = new_id()
    event = message(foreign_event("user.created", user_id))

    wire.publish(*[event] * 20)
    for _ in range(3):
        wire.publish(event)
    wire.publish(message(foreign_event("user.deleted", user_id)))

    eventually(admin, user_id, ["user.deleted", "user.created"])


def test_it_is_the_first_that_counts(admin: Caller, wire: Wire) -> None:
    """An id never stands for two events of one service, so the second is taken for the first one coming again."""
    user_id = new_id()
    event = foreign_event("user.created", user_id)
    wire.publish(message(event))
    first = eventually(admin, user_id, ["user.created"])

    wire.publish(message(event | {"time": "2020-01-01T00:00:00Z"}))
    wire.publish(message(foreign_event("user.deleted", user_id)))

    assert one(eventually(admin, user_id, ["user.deleted", "user.created"]), "user.created") == first[0]


def test_ids_are_unique_within_a_source_only(admin: Caller, wire: Wire) -> None:
    user_id = new_id()
    event = foreign_event("user.created", user_id)

    wire.publish(message(event), message(event | {"source": "/shipping"}))

    eventually(admin, user_id, ["user.created", "user.created"])


@pytest.mark.parametrize(
    "attributes",
    [
        {"partitionkey": "x", "sequence": 7, "comexampleflag": True},
        {"dataschema": "https://example.org/schema", "datacontenttype": "application/vnd.example+json"},
        {"traceparent": "nonsense"},
        {"traceparent": "x" * 5000, "tracestate": "a=b"},
        {"subject": ""},
        {"subject": "somebody-else"},
        {"id": "ä" * 1000, "source": "https://example.org/" + "x" * 900},
    ],
    ids=["extensions", "data schema", "trace", "long trace", "no subject", "other subject", "long id"],
)
def test_attributes_that_nobody_knows_do_no_harm(service: Service, admin: Caller, wire: Wire, attributes: Node) -> None:
    user_id = new_id()
    before = parked(service)

    wire.publish(message(foreign_event("user.created", user_id, **attributes)))

    eventually(admin, user_id, ["user.created"])
    assert parked(service) == before


def test_fields_that_nobody_knows_do_no_harm(service: Service, admin: Caller, wire: Wire) -> None:
    user_id = new_id()
    before = parked(service)
    event = foreign_event("user.deleted", user_id)
    event["data"] |= {"$set": {"a.b": [1, None]}, "": "", "big": 10**30, "deep": {"er": {"and": {"deeper": 1.5}}}}

    wire.publish(message(event))

    eventually(admin, user_id, ["user.deleted"])
    assert parked(service) == before


def test_events_of_other_types_are_passed_over(service: Service, admin: Caller, wire: Wire) -> None:
    user_id = new_id()
    before = parked(service)
    others = [foreign_event(name, user_id) for name in ("order.placed", "user.invented", "user", "USER.CREATED", "*")]
    bodies = [message(event).body for event in others]

    # Under a name that it listens to as well, as by a mistake of another service.
    wire.publish(*(Message("user.created", user_id, body) for body in bodies))
    wire.publish(message(foreign_event("user.deleted", user_id)))

    eventually(admin, user_id, ["user.deleted"])
    assert parked(service) == before


def broken(**changes: Json) -> bytes:
    event = foreign_event("user.created", new_id()) | changes
    return json.dumps({name: value for name, value in event.items() if value is not ...}).encode()


def broken_data(**changes: Json) -> bytes:
    event = foreign_event("user.created", new_id())
    data = event["data"] | changes
    return json.dumps(event | {"data": {name: value for name, value in data.items() if value is not ...}}).encode()


GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"garbage",
    "no UTF-8": b"\xff\xfe\x00\x01" * 10,
    "UTF-16": json.dumps(foreign_event("user.created", "x")).encode("utf-16"),
    "a part": json.dumps(foreign_event("user.created", "x")).encode()[:-9],
    "null": b"null",
    "a number": b"42",
    "a list": b"[1]",
    "a text": b'"user.created"',
    "an empty object": b"{}",
    "deep": b"[" * 100_000,
    "deep data": broken(data={"a": "DEEP"}).replace(b'"DEEP"', b"[" * 10_000 + b"]" * 10_000),
    "long": b"x" * 500_000,
    "another version": broken(specversion="0.3"),
    "no version": broken(specversion=...),
    "no id": broken(id=...),
    "an empty id": broken(id=""),
    "a long id": broken(id="x" * 1001),
    "a number as id": broken(id=7),
    "null in the id": broken(id="a\x00b"),
    "no source": broken(source=...),
    "null in the source": broken(source="/\x00"),
    "null in the subject": broken(subject="\x00"),
    "half a character": broken(id="ID").replace(b'"ID"', b'"\\ud800"'),
    "no time": broken(time=...),
    "no time zone": broken(time="2026-05-04T09:30:00"),
    "no such time": broken(time="2026-02-30T09:30:00Z"),
    "before all time": broken(time="0001-01-01T00:00:00+14:00"),
    "after all time": broken(time="9999-12-31T23:59:59-12:00"),
    "no data": broken(data=...),
    "null as data": broken(data=None),
    "text as data": broken(data="user"),
    "no user": broken_data(user_id=...),
    "an empty user": broken_data(user_id=""),
    "a long user": broken_data(user_id="x" * 65),
    "a number as user": broken_data(user_id=7),
    "null in the user": broken_data(user_id="a\x00b"),
    "nobody who did it": broken_data(by=...),
    "an object who did it": broken_data(by={"$ne": None}),
    "null in the data": broken_data(name="a\x00b", by="a\x00b"),
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_put_aside(service: Service, admin: Caller, wire: Wire, body: bytes) -> None:
    """And nothing behind it waits for long, of the same subject and of others."""
    before = parked(service)
    user_ids = [new_id() for _ in range(3)]

    wire.publish(
        Message("user.created", user_ids[0], body),
        *(message(foreign_event("user.created", user_id)) for user_id in user_ids),
    )

    for user_id in user_ids:
        eventually(admin, user_id, ["user.created"])
    wait_until_parked(service, before + 1)
    assert service.anyone.get("/livez").status_code == 200


def test_garbage_among_much_that_is_good(service: Service, admin: Caller, wire: Wire) -> None:
    before = parked(service)
    user_ids = [new_id() for _ in range(100)]
    good = [message(foreign_event("user.created", user_id)) for user_id in user_ids]
    bad = [Message("user.created", user_ids[0], body) for body in (b"garbage", broken_data(user_id=...)) * 5]

    wire.publish(*(each for part in zip(*[iter(good)] * 10, strict=True) for each in [*part, bad.pop()]))

    wait_until_parked(service, before + 10)
    for user_id in user_ids:
        eventually(admin, user_id, ["user.created"])
    assert {entry["id"] for entry in entries(admin, user=user_ids[0])} == {json.loads(good[0].body)["id"]}


def wait_until_parked(service: Service, count: float) -> None:
    deadline = time.monotonic() + PATIENCE
    while parked(service) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    assert parked(service) == count
