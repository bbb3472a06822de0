"""Events as CloudEvents 1.0 in JSON: one envelope for every broker and every language."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from service.domain.events import Event, InvalidEvent
from service.platform import trace_context

CONTENT_TYPE = "application/cloudevents+json"

# CloudEvents allow no control characters, of which not every database keeps all.
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"

type Text = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=PRINTABLE)]


def _in_utc(time: datetime) -> datetime:
    try:
        utc = time.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside of the years 1 to 9999 in UTC") from None
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)  # Every database keeps milliseconds exactly.


class Envelope(BaseModel):
    """What we read of a CloudEvent; attributes that we do not know are allowed, as the specification says."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: Text
    source: Text
    type: Text
    subject: Annotated[str, StringConstraints(max_length=1000, pattern=PRINTABLE)] = ""
    time: Annotated[AwareDatetime, AfterValidator(_in_utc)]
    data: dict[str, Any]
    traceparent: Any = None


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
        time=envelope.time,
        data=envelope.data,
        trace=trace_context.well_formed(envelope.traceparent),
    )
