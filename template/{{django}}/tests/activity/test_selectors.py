from datetime import timedelta
from secrets import token_hex

import pytest

from service.activity.models import Activity
from service.activity.selectors import activity_page
from service.domain.errors import Forbidden, InvalidField
from service.domain.paging import Cursor
from service.users.models import Role, User
from tests.events import NOON

pytestmark = pytest.mark.django_db

ADMIN = User(email="admin@example.org", role=Role.ADMIN)
ANN = User(email="ann@example.org")
ANNS_ID = str(ANN.id)


def add(count: int) -> list[Activity]:
    """Some of Ann's and some of others', three at a time, newest first."""
    made = [
        Activity.objects.create(
            key=token_hex(16),
            event_id=str(number),
            type="user.created",
            user_id=ANNS_ID if number % 2 else "bob",
            time=NOON + timedelta(milliseconds=number // 3),
        )
        for number in range(count)
    ]
    return sorted(made, key=lambda entry: (entry.time, entry.key), reverse=True)


def read(caller: User, user_id: str | None, limit: int) -> list[Activity]:
    """All pages."""
    found: list[Activity] = []
    cursor = None
    while True:
        page = activity_page(caller, user_id, cursor, limit)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found
        assert len(page.items) == limit


@pytest.mark.parametrize("limit", [1, 4, 9])
def test_pages_are_newest_first_and_lack_nothing(limit: int) -> None:
    made = add(9)

    assert read(ADMIN, None, limit) == made
    of_ann = [entry for entry in made if entry.user_id == ANNS_ID]
    assert read(ADMIN, ANNS_ID, limit) == of_ann
    assert read(ANN, ANNS_ID, limit) == of_ann


@pytest.mark.parametrize("nobody", ["carl", "\0", "é"])
def test_of_nobody_there_is_nothing(nobody: str) -> None:
    add(2)

    assert activity_page(ADMIN, nobody, None, 10).items == []


@pytest.mark.parametrize("user_id", [None, "bob"])
def test_users_read_of_themselves_only(user_id: str | None) -> None:
    with pytest.raises(Forbidden):
        activity_page(ANN, user_id, None, 10)


@pytest.mark.parametrize("cursor", ["", "no cursor", Cursor(NOON, "no key").encode()])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidField):
        activity_page(ADMIN, None, cursor, 10)
