"""Pages by offset and by cursor."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

import pytest

from paysdk.testing import drf
from paysdk.testing.drf.pages import InvalidCursorError, Window, paginate

KEYS = [(moment, row_id) for moment in range(3) for row_id in range(4)]


def page(url: str, keys: list[tuple[int, int]] = KEYS) -> Window:
    """Return the page that the URL requests."""
    return paginate(
        keys,
        url,
        dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
        default=5,
        largest=10,
    )


def walk(url: str | None) -> list[Window]:
    """Return all pages from this one on."""
    windows: list[Window] = []
    while url is not None:
        windows.append(page(url))
        url = windows[-1].next
    return windows


@pytest.mark.parametrize(
    "query",
    [
        "",
        "limit=1",
        "limit=3&voided=true",
        "limit=99",
        "cursor=",
        "cursor=&limit=1",
        "cursor=&limit=4",
        "cursor=&limit=99",
    ],
)
def test_walks_are_complete(query: str) -> None:
    """Following ``next`` gives each key once, in order, and ends."""
    assert KEYS == [key for window in walk(f"http://a/b?{query}") for key in window.keys]


@pytest.mark.parametrize("query", ["limit=5", "cursor=&limit=5"])
def test_previous_leads_back(query: str) -> None:
    """``previous`` of each page gives the page before it, and the first has none."""
    windows = walk(f"http://a/b?{query}")

    assert windows[0].previous is None
    for before, after in pairwise(windows):
        assert after.previous is not None
        assert before.keys == page(after.previous).keys


def test_offset_links() -> None:
    """Links are absolute, keep other parameters, and have limit and offset."""
    window = page("http://a/b?voided=true&offset=6&limit=4")

    assert "http://a/b?limit=4&offset=10&voided=true" == window.next
    assert "http://a/b?limit=4&offset=2&voided=true" == window.previous
    assert (6, True) == (window.start, window.has_more)


def test_offset_beyond_the_end() -> None:
    """An empty listing is one page without a next link."""
    window = page("http://a/b?offset=50")

    assert ([], None, False) == (window.keys, window.next, window.has_more)


def test_first_previous_has_no_offset() -> None:
    """The link to the first page leaves the offset out, as the framework does."""
    assert "http://a/b?limit=5" == page("http://a/b?offset=3").previous


def test_cursor_ignores_offset() -> None:
    """With a cursor, even an empty one, the offset is ignored."""
    assert KEYS[:5] == page("http://a/b?cursor=&offset=3").keys


def test_cursor_stands_at_its_row_while_others_change() -> None:
    """Rows added or removed before the cursor, or at it, shift nothing."""
    following = page("http://a/b?cursor=&limit=4").next
    assert following is not None

    assert KEYS[4:8] == page(following, [(-1, 99), *KEYS]).keys
    assert KEYS[4:8] == page(following, KEYS[2:]).keys
    assert KEYS[4:8] == page(following, [key for key in KEYS if key != KEYS[3]]).keys


def test_cursor_beyond_the_end() -> None:
    """If the rest was removed, the last page is empty."""
    following = page("http://a/b?cursor=&limit=4").next
    assert following is not None
    window = page(following, KEYS[:4])

    assert ([], None, None) == (window.keys, window.next, window.previous)


@pytest.mark.parametrize(
    "cursor",
    [
        "junk",
        "%20",
        "%C3%A9",
        urlsafe_b64encode(b"after:1:2:0").decode(),
        urlsafe_b64encode(b"\xff").decode(),
    ],
)
def test_foreign_cursor(cursor: str) -> None:
    """A cursor that the server did not issue is refused."""
    with pytest.raises(InvalidCursorError):
        page(f"http://a/b?cursor={cursor}")


def test_many_rows_at_one_moment() -> None:
    """Thousands of rows with the same time are each listed once."""
    keys = [(0, row_id) for row_id in range(3000)]
    seen: list[tuple[int, int]] = []
    url: str | None = "http://a/b?cursor=&limit=10"
    while url is not None:
        window = page(url, keys)
        seen += window.keys
        url = window.next

    assert keys == seen


@pytest.mark.parametrize(
    ("url", "parameters", "expected"),
    [
        ("http://a/b?z=1&limit=5", {"limit": 7}, "http://a/b?limit=7&z=1"),
        ("http://a/b?cursor=&z=%2B0", {"cursor": "x="}, "http://a/b?cursor=x%3D&z=%2B0"),
        ("http://a/b?offset=5", {"offset": None}, "http://a/b"),
        ("http://a/b?empty=", {"offset": None}, "http://a/b?empty="),
    ],
)
def test_with_parameters(url: str, parameters: dict[str, object], expected: str) -> None:
    """Only the named parameters change, and all are sorted."""
    assert expected == drf.with_parameters(url, parameters)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7", 7), ("99", 50), ("0", 10), ("-1", 10), ("junk", 10), ("", 10), (None, 10)],
)
def test_parse_positive(text: str | None, expected: int) -> None:
    """A large number is cut, and invalid text gives the default."""
    assert expected == drf.parse_positive(text, 10, largest=50)


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("5", 5), ("-1", 0)])
def test_positive_without_bound(text: str, expected: int) -> None:
    """An offset may be zero or more."""
    assert expected == drf.parse_positive(text, 0)
