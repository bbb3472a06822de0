import json
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from service.domain.events import Event, InvalidEvent
from service.platform import cloudevents
from tests.events import NOON, new_event

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

ENVELOPE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/elsewhere",
    "type": "user.created",
    "time": "2026-02-03T12:00:00.123Z",
    "data": {"user_id": "ann"},
}


def encoded(**attributes: object) -> bytes:
    return json.dumps({**ENVELOPE, **attributes}).encode()


def test_an_event_becomes_a_cloud_event() -> None:
    event = replace(new_event("ann"), id="1", trace=TRACE)

    assert json.loads(cloudevents.encode(event)) == {
        "specversion": "1.0",
        "id": "1",
        "source": "/tests",
        "type": "session.started",
        "subject": "ann",
        "time": "2026-02-03T12:00:00.123Z",
        "datacontenttype": "application/json",
        "traceparent": TRACE,
        "data": {"user_id": "ann", "by": "ann"},
    }


def test_what_an_event_does_not_have_is_left_out() -> None:
    assert not {"subject", "traceparent"} & set(json.loads(cloudevents.encode(new_event(""))))


@pytest.mark.parametrize("event", [new_event("ann"), replace(new_event(""), data={"é": [1.5, None]}, trace=TRACE)])
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert cloudevents.decode(cloudevents.encode(event)) == event


def test_attributes_that_we_do_not_know_are_allowed() -> None:
    event = cloudevents.decode(encoded(dataschema="urn:schema", custom=1))

    assert (event.id, event.source, event.type, event.subject) == ("1", "/elsewhere", "user.created", "")
    assert (event.time, event.data, event.trace) == (NOON, {"user_id": "ann"}, None)


def test_times_are_in_utc_and_to_the_millisecond() -> None:
    event = cloudevents.decode(encoded(time="2026-02-03T14:00:00.123999+02:00"))

    assert event.time == NOON
    assert event.time.tzinfo is UTC


@pytest.mark.parametrize("traceparent", [TRACE.upper(), "nonsense", "", 1, None, [TRACE], TRACE + "\n"])
def test_a_trace_context_that_is_none_is_left_out(traceparent: object) -> None:
    assert cloudevents.decode(encoded(traceparent=traceparent)).trace is None


@pytest.mark.parametrize(
    "attributes",
    [
        {"specversion": "0.3"},
        {"specversion": None},
        {"id": ""},
        {"id": 1},
        {"id": "x" * 1001},
        {"id": "a\0b"},
        {"source": ""},
        {"source": "\x85"},
        {"type": ""},
        {"type": "a\nb"},
        {"subject": None},
        {"subject": "x" * 1001},
        {"subject": "\0"},
        {"time": "yesterday"},
        {"time": "2026-02-03T12:00:00"},
        {"time": "0001-01-01T00:00:00+23:00"},
        {"time": "9999-12-31T23:59:59-23:00"},
        {"data": None},
        {"data": []},
        {"data": "text"},
    ],
)
def test_wrong_attributes_are_named(attributes: dict[str, object]) -> None:
    with pytest.raises(InvalidEvent, match=f"not a CloudEvent: {next(iter(attributes))} "):
        cloudevents.decode(encoded(**attributes))


@pytest.mark.parametrize("name", ENVELOPE)
def test_no_attribute_may_be_missing(name: str) -> None:
    body = json.dumps({key: value for key, value in ENVELOPE.items() if key != name}).encode()

    with pytest.raises(InvalidEvent, match=name):
        cloudevents.decode(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"{",
        b"{}" * 2,
        b"[" * 100_000,
        b'{"id": "\\ud800"}',
    ],
    ids=range(11),
)
def test_what_is_no_json_object_is_no_event(body: bytes) -> None:
    with pytest.raises(InvalidEvent, match="not a CloudEvent"):
        cloudevents.decode(body)


def test_the_complaint_does_not_repeat_what_came() -> None:
    with pytest.raises(InvalidEvent) as caught:
        cloudevents.decode(encoded(time="a secret", data="a secret"))

    assert "secret" not in str(caught.value)
