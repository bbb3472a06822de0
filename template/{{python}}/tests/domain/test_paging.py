from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import pytest

from service.domain.errors import InvalidField
from service.domain.paging import Cursor, Page

NOON = datetime(2026, 2, 3, 12, 0, 0, 123000, UTC)


def test_a_cursor_comes_back_as_it_was() -> None:
    cursor = Cursor(NOON, "some-id")

    assert Cursor.decode(cursor.encode()) == cursor


@pytest.mark.parametrize(
    "position",
    ["", "[", "null", "{}", "[1]", "[1, 2, 3]", '["1", "id"]', "[1e400, 1]", "[NaN, 1]", "[99999999999999999999, 1]"],
)
def test_what_is_no_position_is_no_cursor(position: str) -> None:
    with pytest.raises(InvalidField) as caught:
        Cursor.decode(urlsafe_b64encode(position.encode()).decode())

    assert (caught.value.source, caught.value.field) == ("query", "cursor")


@pytest.mark.parametrize("text", ["*", "A", "AAA", "é", "WzEsICJhIl0=\n"])
def test_what_is_no_base64_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidField):
        Cursor.decode(text)


def test_a_page_ends_where_its_cursor_says() -> None:
    page = Page.of(["a", "b", "c"], 2, lambda item: Cursor(NOON, item))

    assert page == Page(["a", "b"], Cursor(NOON, "b").encode())


@pytest.mark.parametrize("items", [[], ["a"], ["a", "b"]])
def test_the_last_page_has_no_cursor(items: list[str]) -> None:
    assert Page.of(items, 2, lambda item: Cursor(NOON, item)) == Page(items, None)
