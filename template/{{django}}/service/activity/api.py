"""What happened: who was created, changed, deleted, signed in or refused."""

from typing import Annotated

from ninja import Query, Router

from service.activity import selectors
from service.activity.schemas import ActivityPage
from service.platform.documented import FORBIDDEN, UNAUTHORIZED, UNPROCESSABLE
from service.platform.openapi import described
from service.platform.schemas import CursorText
from service.users.authentication import CallersRequest, signed_in

router = Router(tags=["activity"], auth=signed_in)


@router.get(
    "",
    response=ActivityPage,
    operation_id="listActivity",
    summary="List what happened, newest first",
    openapi_extra=described(UNAUTHORIZED, FORBIDDEN, UNPROCESSABLE),
)
def list_activity(
    request: CallersRequest,
    user: Annotated[
        str | None, Query(min_length=1, max_length=64, description="Only what is about the user with this id.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[CursorText | None, Query(description="The `next_cursor` of an earlier page.")] = None,
) -> ActivityPage:
    """For admins; for users about themselves. It is made from events, and follows what happens by a moment."""
    return ActivityPage.of(selectors.activity_page(request.auth, user, cursor, limit))
