"""What goes over the wire about what happened, as `contract/openapi.yaml` describes it."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from service.activity.models import Activity
from service.domain.paging import Page
from service.platform.schemas import CursorText, Response

ActivityType = Literal["user.created", "user.updated", "user.deleted", "session.started", "session.refused"]


class ActivityResponse(Response):
    id: Annotated[str, Field(min_length=1, max_length=1000)]
    type: ActivityType
    user_id: Annotated[str, Field(min_length=1, max_length=64)] | None
    by: Annotated[str, Field(min_length=1, max_length=64)] | None
    time: datetime

    @classmethod
    def of(cls, entry: Activity) -> Self:
        return cls.model_construct(
            id=entry.event_id, type=entry.type, user_id=entry.user_id, by=entry.by, time=entry.time
        )


class ActivityPage(Response):
    items: list[ActivityResponse]
    next_cursor: CursorText | None

    @classmethod
    def of(cls, page: Page[Activity]) -> Self:
        items = [ActivityResponse.of(entry) for entry in page.items]
        return cls.model_construct(items=items, next_cursor=page.next_cursor)
