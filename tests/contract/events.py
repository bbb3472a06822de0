"""Holds events to the contract, and makes some as a service in another language would."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .client import FORMATS
from .documents import Json, Node, resolve

CANONICAL = Path(__file__).parents[2] / "template" / "{{shared}}" / "contract" / "asyncapi.yaml"

FOREIGN = "/billing"
"""A service of somebody else's."""


@cache
def canonical_document() -> Node:
    """The contract of events. Copy it before you change it."""
    document: Node = yaml.safe_load(CANONICAL.read_text())
    return document


class EventContract:
    """The contract of events, as something that each of them can be held to."""

    def __init__(self, document: Node) -> None:
        self._document = document
        self._registry = Registry().with_resource("urn:events", DRAFT202012.create_resource(document))
        self._schemas: dict[str, str] = {
            name: self._dereferenced(message)["payload"]["$ref"]
            for name, message in document["channels"]["events"]["messages"].items()
        }

    @property
    def types(self) -> set[str]:
        return set(self._schemas)

    def errors(self, event: Node) -> list[str]:
        """What the contract forbids about an event of whichever service."""
        reference = self._schemas.get(event.get("type", ""))
        if reference is None:
            return [f"no type of the contract: {event.get('type')!r}"]
        schema = {"$ref": f"urn:events{reference}"}
        validator = Draft202012Validator(schema, registry=self._registry, format_checker=FORMATS)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(event)]

    def check(self, body: bytes) -> Node:
        """Fails unless this is an event that the service may publish: it has all that is described, and no more."""
        event: Node = json.loads(body.decode("utf-8"))
        assert not self.errors(event), f"{self.errors(event)} in {event}"
        attributes, data = self._fields(event["type"])
        assert event.keys() <= attributes, f"attributes that are not described: {event.keys() - attributes} in {event}"
        assert event["data"].keys() == data, f"{event['data'].keys() ^ data} in {event}"
        assert event.get("subject") == event["data"]["user_id"], event
        return event

    def _fields(self, event_type: str) -> tuple[set[str], set[str]]:
        parts = [self._dereferenced(part) for part in resolve(self._document, self._schemas[event_type])["allOf"]]
        attributes = {name for part in parts for name in part["properties"]}
        data = {name for part in parts for name in part["properties"]["data"].get("properties", ())}
        return attributes, data

    def _dereferenced(self, node: Node) -> Node:
        return resolve(self._document, node["$ref"]) if "$ref" in node else node


@dataclass(frozen=True, slots=True)
class Message:
    """What is handed to a broker."""

    type: str
    subject: str
    body: bytes


def foreign_event(event_type: str, user_id: str | None, **attributes: Json) -> Node:
    """An event of another service, unlike all others."""
    own: dict[str, Node] = {
        "user.created": {"email": "ann@example.org", "name": "Ann", "role": "user"},
        "user.updated": {"changed": ["name"], "email": "ann@example.org", "name": "Ann", "role": "user"},
    }
    by = None if event_type == "session.refused" else user_id
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": FOREIGN,
        "type": event_type,
        **({"subject": user_id} if user_id else {}),
        "time": now(),
        "datacontenttype": "application/json",
        "data": {"user_id": user_id, "by": by, **own.get(event_type, {})},
    }
    return event | attributes


def message(event: Node) -> Message:
    return Message(str(event["type"]), str(event.get("subject", "")), json.dumps(event).encode())


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
