"""What is the same in every pagination."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import PaginationError
from paysdk.pagination import HalFrom, Position
from tests.pagination.model import campfire


@pytest.mark.parametrize(
    "link",
    [
        "",
        "/v2/payments",
        "/v2/payments?limit=5",
        "from=a",
        "#from=a",
        "https://[::1",
        "http://[x]/?from=a",
    ],
)
def test_link_that_identifies_no_page_raises(link: str) -> None:
    """A link without a token raises an error that quotes the link."""
    with pytest.raises(
        PaginationError, match=r"link to the next page (has no 'from', so|is not a URL)"
    ) as by_id:
        HalFrom(None).next_position(HalFrom(None).start(), link, ["a"])
    with pytest.raises(
        PaginationError, match=r"link to the next page (has no cursor or offset, so|is not a URL)"
    ) as by_query:
        campfire("cursor=", None).next_position(Position("cursor="), link, [])
    assert f": {link!r}. Resume" in str(by_id.value)
    assert f": {link!r}. Resume" in str(by_query.value)


@settings(max_examples=150)
@given(
    st.text() | st.text().map("https://api.example.com/?from=".__add__),
    st.lists(st.text(), max_size=3),
)
def test_any_link_is_followed_or_refused(link: str, ids: list[str]) -> None:
    """Any link leads to a query that a request line may have, or to a ``PaginationError``."""
    for pagination in (HalFrom(2), campfire("", 2)):
        try:
            following = pagination.next_position(pagination.start(), link, ids)
        except PaginationError:
            continue
        assert following is None or (
            following.query.isascii()
            and following.query.isprintable()
            and " " not in following.query
        )


def test_only_ids_need_the_ids_of_a_page() -> None:
    """Links with a whole query need no ids; links from an id do."""
    assert (False, True) == (campfire("", None).needs_ids, HalFrom(None).needs_ids)
    assert urlsplit("?" + HalFrom(None).start().query).query == ""


def test_links_in_messages_are_bounded() -> None:
    """A very long link is truncated in the message."""
    for follow in (campfire("cursor=", None).next_position, HalFrom(None).next_position):
        with pytest.raises(PaginationError, match="does not lead to a page") as raised:
            follow(Position("cursor="), "?x=" + "y" * 5_000_000, [])
        assert len(str(raised.value)) < 1000
