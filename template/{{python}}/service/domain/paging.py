"""Pages of a list that goes on growing while it is read, newest first.

A cursor holds the position of the last item that was read, not a number of items, so that nothing is
skipped or repeated when others are created or deleted in the meantime.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from service.domain.errors import InvalidField


@dataclass(frozen=True, slots=True)
class Cursor:
    """The position of an item: when it was created, and its id among those of that moment."""

    created_at: datetime
    id: str

    def encode(self) -> str:
        """The cursor in the form that callers hand back: base64url, opaque to them."""
        position = json.dumps([round(self.created_at.timestamp() * 1000), self.id])
        return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Self:
        """Reads what `encode` wrote.

        Raises:
            InvalidField: It was not written by `encode`.
        """
        try:
            padded = text + "=" * (-len(text) % 4)
            milliseconds, item_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            if not isinstance(item_id, str) or "\0" in item_id:  # No id has it, and not every database lets one ask.
                raise invalid_cursor()
            return cls(datetime.fromtimestamp(milliseconds / 1000, UTC), item_id)
        except (binascii.Error, ValueError, TypeError, OverflowError, OSError) as error:
            raise invalid_cursor() from error


@dataclass(frozen=True, slots=True)
class Page[Item]:
    """Some items, and where the next ones begin: None at the end of the list."""

    items: Sequence[Item]
    next_cursor: str | None

    @classmethod
    def of(cls, items: Sequence[Item], limit: int, position: Callable[[Item], Cursor]) -> Self:
        """A page of at most `limit` items, out of up to `limit + 1` that were read."""
        shown = items[:limit]
        has_more = len(items) > limit
        return cls(shown, position(shown[-1]).encode() if has_more else None)


def invalid_cursor() -> InvalidField:
    return InvalidField("cursor", "is not a cursor that an earlier page answered", source="query")
