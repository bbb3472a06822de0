"""Reads the activity log."""

import re

from django.db.models import Q

from service.activity.models import Activity
from service.domain.errors import Forbidden
from service.domain.paging import Cursor, Page, invalid_cursor
from service.users.models import User

KEY = re.compile("[0-9a-f]{32}")


def activity_page(caller: User, user_id: str | None, cursor: str | None, limit: int) -> Page[Activity]:
    """A page of what happened, newest first.

    Args:
        user_id: Only what is about this user.

    Raises:
        Forbidden: The caller is no admin, and asks for more than about themselves.
        InvalidField: The cursor is none.
    """
    if not caller.is_admin and user_id != str(caller.id):
        raise Forbidden("Only admins may read about anybody but themselves.")
    found = Activity.objects.order_by("-time", "-key")
    if user_id is not None:
        found = found.filter(user_id=user_id) if "\0" not in user_id else found.none()
    if cursor is not None:
        after = _position(cursor)
        # By the first condition it begins in the index, where the position is.
        found = found.filter(time__lte=after.created_at).filter(Q(time__lt=after.created_at) | Q(key__lt=after.id))
    return Page.of(list(found[: limit + 1]), limit, lambda entry: Cursor(entry.time, entry.key))


def _position(cursor: str) -> Cursor:
    position = Cursor.decode(cursor)
    if not KEY.fullmatch(position.id):
        raise invalid_cursor()
    return position
