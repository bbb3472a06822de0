"""The contract of events, held to itself, to the contract of REST, and to the brokers that there are to choose from."""

import copy
import json
from collections.abc import Callable

import pytest

from tests import template
from tests.contract import client, events
from tests.contract.documents import Json, Node, resolve
from tests.contract.events import EventContract, canonical_document, foreign_event

CONTRACT = EventContract(canonical_document())
BROKERS = events.CANONICAL.parent / "broker"


def examples() -> list[Node]:
    messages = canonical_document()["components"]["messages"].values()
    return [example["payload"] for message in messages for example in message["examples"]]


def test_the_activity_log_has_the_types_of_the_events() -> None:
    schemas = client.canonical_document()["components"]["schemas"]
    assert set(schemas["ActivityResponse"]["properties"]["type"]["enum"]) == CONTRACT.types


def test_every_message_has_an_example_that_is_as_promised() -> None:
    assert {CONTRACT.check(json.dumps(example).encode())["type"] for example in examples()} == CONTRACT.types


@pytest.mark.parametrize("event_type", sorted(CONTRACT.types))
def test_foreign_events_are_as_promised(event_type: str) -> None:
    assert CONTRACT.errors(foreign_event(event_type, "42", anything="else")) == []


def test_every_reference_leads_somewhere() -> None:
    document = canonical_document()
    found = list(references(document))
    assert found
    for reference in found:
        assert resolve(document, reference)


def references(node: Json) -> list[str]:
    if isinstance(node, dict):
        return [node["$ref"]] if "$ref" in node else [each for value in node.values() for each in references(value)]
    return [each for value in node for each in references(value)] if isinstance(node, list) else []


def test_how_events_travel_is_said_for_every_broker() -> None:
    choices = set(template.questions()["broker"]["choices"].values())
    assert {file.stem for file in BROKERS.iterdir()} == choices


def test_settings_of_events_are_spoken_of_where_they_belong() -> None:
    for option in template.options():
        if option.get("question") == "broker":
            names = {setting["name"] for setting in option.get("settings", [])} - {"BROKER_URL"}
            text = (BROKERS / f"{option['choice']}.md").read_text()
            assert [name for name in names if name not in text] == []


def set_to(value: Json, *path: str) -> Callable[[Node], None]:
    def edit(event: Node) -> None:
        *parents, name = path
        for parent in parents:
            event = event[parent]
        event[name] = value

    return edit


def without(*path: str) -> Callable[[Node], None]:
    def edit(event: Node) -> None:
        *parents, name = path
        for parent in parents:
            event = event[parent]
        del event[name]

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        set_to("0.3", "specversion"),
        set_to("user.invented", "type"),
        set_to("", "id"),
        set_to("2026-05-04T09:30:00", "time"),
        set_to("2026-05-04T11:30:00+02:00", "time"),
        set_to("text/plain", "datacontenttype"),
        set_to("nonsense", "traceparent"),
        set_to(1, "partition"),
        set_to("somebody-else", "subject"),
        set_to("x", "data"),
        set_to("secret", "data", "password"),
        set_to("root", "data", "role"),
        set_to("", "data", "user_id"),
        *(without(name) for name in ("specversion", "id", "source", "subject", "time", "datacontenttype", "data")),
        *(without("data", name) for name in ("user_id", "by", "changed", "email", "name", "role")),
        set_to([], "data", "changed"),
        set_to(["current_password"], "data", "changed"),
    ],
)
def test_what_is_not_as_promised_is_found(edit: Callable[[Node], None]) -> None:
    event = copy.deepcopy(next(example for example in examples() if example["type"] == "user.updated"))
    edit(event)
    with pytest.raises(AssertionError):
        CONTRACT.check(json.dumps(event).encode())
