"""Events as CloudEvents 1.0 in JSON: one envelope for every broker and every language."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from service.domain.events import Event, InvalidEvent

CONTENT_TYPE = "application/cloudevents+json"

type Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Envelope(BaseModel):
    """What we read of a CloudEvent; attributes that we do not know are allowed, as the specification says."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: Text
    source: Text
    type: Text
    subject: Annotated[str, StringConstraints(max_length=1000)] = ""
    time: AwareDatetime
    data: dict[str, Any]
    traceparent: str | None = None


def encode(event: Event) -> bytes:
    envelope = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        **({"subject": event.subject} if event.subject else {}),
        "time": event.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        **({"traceparent": event.trace} if event.trace else {}),
        "data": event.data,
    }
    return json.dumps(envelope, separators=(",", ":")).encode()


def decode(body: bytes) -> Event:
    """Reads a message from a broker, which may come from any service.

    Raises:
        InvalidEvent: It is no CloudEvent in JSON.
    """
    try:
        envelope = Envelope.model_validate_json(body)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}".strip() for each in error.errors())
        raise InvalidEvent(f"not a CloudEvent: {wrong}") from None
    return Event(
        source=envelope.source,
        id=envelope.id,
        type=envelope.type,
        subject=envelope.subject,
        time=_to_milliseconds(envelope.time.astimezone(UTC)),
        data=envelope.data,
        trace=envelope.traceparent,
    )


def _to_milliseconds(time: datetime) -> datetime:
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
