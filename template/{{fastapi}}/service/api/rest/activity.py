"""What happened: who was created, changed, deleted, signed in or refused."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.api.rest.dependencies import Caller, ServiceDependency
from service.api.rest.schemas import ActivityPage
from service.platform.documented import FORBIDDEN, UNAUTHORIZED, UNPROCESSABLE
from service.platform.schemas import CursorText

router = APIRouter(prefix="/v1/activity", tags=["activity"])


@router.get("", summary="List what happened, newest first", responses={**UNAUTHORIZED, **FORBIDDEN, **UNPROCESSABLE})
async def list_activity(
    caller: Caller,
    service: ServiceDependency,
    user: Annotated[
        str | None, Query(min_length=1, max_length=64, description="Only what is about the user with this id.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[CursorText | None, Query(description="The `next_cursor` of an earlier page.")] = None,
) -> ActivityPage:
    """For admins; for users about themselves. It is made from events, and follows what happens by a moment."""
    return ActivityPage.of(await service.activity.page(caller, user, cursor, limit))
