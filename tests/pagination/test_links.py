"""The pagination of Campfire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import parse_qsl, quote

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import PaginationError
from paysdk.pagination import FollowLinks, Position, encode_query
from paysdk.pagination.queries import moment_of
from tests.pagination.model import DEFAULT_LIMIT, LIMITS, ModelServer, campfire, ids_of, read_pages

# Forms of a link of Campfire. {} is its query.
CAMPFIRE_LOOKS = (
    "https://api.meetcampfire.com/coa/api/v1/invoice-payments?{}",
    "http://api.example.org/accounts/?{}",
    "//elsewhere.example.com/?{}",
    "/coa/api/v1/invoice-payments?{}",
    "?{}",
    "?{}#fragment",
)


@attrs.frozen
class CampfireModel(ModelServer):
    """Campfire's list of payments, by offset or by cursors that *token* makes from offsets."""

    ids: Sequence[str]
    by_cursor: bool
    token: Callable[[int], str]
    look: str

    def page(self, query: str) -> tuple[list[str], str | None]:
        asked = dict(parse_qsl(query, keep_blank_values=True))
        limit = int(asked.get("limit", DEFAULT_LIMIT))
        tokens = {self.token(n): n for n in range(len(self.ids))}
        first = tokens[asked["cursor"]] if asked.get("cursor") else int(asked.get("offset", 0))
        page, last = list(self.ids[first : first + limit]), first + limit
        if last >= len(self.ids):
            return page, None
        token = f"cursor={quote(self.token(last), safe='')}" if self.by_cursor else f"offset={last}"
        return page, self.look.format(f"{token}&limit={limit}&voided=false")


TOKENS: dict[str, Callable[[int], str]] = {
    "zero": str,
    "base64": "cD0y/+{}==".format,
    "spaces": "a b&c={}".format,
    "unicode": "é☃{}".format,
}


@settings(max_examples=150)
@given(
    count=st.integers(0, 25),
    limit=LIMITS,
    by_cursor=st.booleans(),
    token=st.sampled_from(sorted(TOKENS)),
    look=st.sampled_from(CAMPFIRE_LOOKS),
)
def test_each_id_comes_once_in_order(
    count: int, limit: int | None, by_cursor: bool, token: str, look: str
) -> None:  # drawn
    """Any cursors and offsets lead through the whole list, and from any page to the rest."""
    ids = [f"{n}" for n in range(count)]
    server = CampfireModel(ids, by_cursor, TOKENS[token], look)
    first = encode_query([("cursor", "")] if by_cursor else []) + (
        f"&limit={limit}" if limit else ""
    )
    pages = read_pages(campfire(first, limit), server)
    assert ids == ids_of(pages)
    for number, page in enumerate(pages):
        for other in (None, 1, 7):
            resumed = campfire(first, other).resume_from(page.position)
            assert ids_of(pages[number:]) == ids_of(
                read_pages(campfire(first, other), server, resumed)
            )


@pytest.mark.parametrize(
    "query",
    [
        "cursor=cD0%3D&limit=2",
        "cursor=%2b%2B+&voided=true",
        "limit=2&cursor=",
        "cursor=0",
        "offset=0",
        "cursor=a%zz",
    ],
)
def test_query_of_a_link_is_sent_unchanged(query: str) -> None:
    """A cursor is opaque, so no character of the query changes."""
    assert Position(query) == campfire("cursor=", None).next_position(
        Position("cursor="), f"http://api.example.org/?{query}", []
    )


def test_other_characters_are_encoded() -> None:
    """Characters that a request line must not have are percent-encoded."""
    following = campfire("cursor=", None).next_position(
        Position("cursor="), '?cursor=a b"é<\x7f', []
    )
    assert Position("cursor=a%20b%22%C3%A9%3C%7F") == following


def test_next_page_is_in_the_same_window() -> None:
    """The next page has the same window of time."""
    since, until = datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    position = Position("cursor=", since=since, until=until)
    following = campfire("cursor=", None).next_position(position, "?cursor=b", [])
    assert attrs.evolve(position, query="cursor=b") == following


@pytest.mark.parametrize(
    ("query", "limit", "expected"),
    [
        ("", None, ""),
        ("", 5, "limit=5"),
        ("cursor=", 5, "cursor=&limit=5"),
        ("cursor=a&limit=2&voided=true", 5, "cursor=a&voided=true&limit=5"),
        ("cursor=a&limit=2", None, "cursor=a&limit=2"),
        ("unlimit=1&limit=2", 3, "unlimit=1&limit=3"),
    ],
)
def test_resumed_listing_has_its_own_page_size(
    query: str, limit: int | None, expected: str
) -> None:
    """Resuming replaces the page size of a position, and nothing else."""
    assert Position(expected, ("a",)) == campfire("", limit).resume_from(Position(query, ("a",)))


@attrs.frozen
class Circle(ModelServer):
    """A server whose links go in circles."""

    links: dict[str, str]

    def page(self, query: str) -> tuple[list[str], str | None]:
        return [query], "?" + self.links[query]


@pytest.mark.parametrize(
    "circle",
    [
        ["cursor="],
        ["cursor=", "cursor=a"],
        ["cursor=", "cursor=a", "cursor=b"],
        ["cursor=", "cursor=0&x=1"],
    ],
)
@pytest.mark.parametrize("reordered", [False, True])
def test_circle_raises(circle: list[str], reordered: bool) -> None:  # a table's column
    """A link to a page that was read before raises, with its parameters in any order."""
    links = dict(
        pairwise([*circle, "&".join(reversed(circle[-1].split("&"))) if reordered else circle[-1]])
    )
    with pytest.raises(PaginationError, match="read before"):
        read_pages(campfire("cursor=", None), Circle(links))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=10", ["limit=10&offset=10", "limit=10&offset=20"]),
        ("offset=30&limit=10", ["offset=40&limit=10", "offset=50&limit=10"]),
        ("cursor=&limit=10", []),
        ("offset=0", []),
        ("offset=x&limit=10", []),
        ("offset=30&limit=0", []),
        ("offset=0&limit=" + "7" * 5000, []),
        ("limit=10&offset=" + "7" * 5000, []),
        pytest.param("limit=\u0663", [], id="digits of another script"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_only_pages_by_offset_are_predicted(query: str, expected: list[str]) -> None:
    """The next pages can be predicted from an offset and a page size, but not from a cursor."""
    assert [Position(one) for one in expected] == campfire("", None).predict_next(
        Position(query), 2
    )


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2026-01-05T00:00:00Z", None),
        ("2026-01-06T00:00:00Z", None),
        ("2026-01-04T00:00:00Z", "since"),
        ("soon", "since"),
    ],
)
def test_window_may_narrow_a_bound(since: str, expected: str | None) -> None:
    """A window may begin later than the listing, and not earlier."""
    rules = FollowLinks("", ("cursor",), None, filters=("since",), bounds=("since", "until"))
    position = Position(f"since={since}", since=moment_of(since))
    assert expected == rules.contradicted(position, {"since": "2026-01-05T00:00:00Z"})
    assert "since" == rules.contradicted(position, {"since": "2026-01-03"})


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-01-05T01:00:00+01:00", None),
        ("2026-01-04T00:00:00Z", None),
        ("2026-01-06T00:00:00Z", "until"),
    ],
)
def test_window_may_end_at_or_before_the_end_of_the_listing(
    until: str, expected: str | None
) -> None:
    """A window may end when the listing ends, in any zone, or earlier, and not later."""
    rules = FollowLinks("", ("cursor",), None, filters=("until",), bounds=("since", "until"))
    position = Position(f"until={quote(until)}", until=moment_of(until))
    assert expected == rules.contradicted(position, {"until": "2026-01-05T00:00:00Z"})


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-01-03T00:00:00Z&since=2026-01-05T00:00:00Z",
        "since=&since=2026-01-05T00:00:00Z",
    ],
)
def test_bound_of_a_window_that_is_repeated_is_refused(query: str) -> None:
    """A bound of a window must not also come with another value, because a server may use that."""
    rules = FollowLinks("", ("cursor",), None, filters=("since",), bounds=("since", "until"))
    position = Position(query, since=moment_of("2026-01-05T00:00:00Z"))
    assert "since" == rules.contradicted(position, {"since": "2026-01-04T00:00:00Z"})


def test_fixed_parameter_is_no_added_filter() -> None:
    """A parameter that each request of the listing has is expected."""
    rules = FollowLinks("voided=false", ("cursor",), None, filters=("voided",))
    assert rules.contradicted(Position("voided=false&cursor=a"), {}) is None


def test_filter_that_is_no_parameter_may_be_missing() -> None:
    """A filter that is sent as a header need not be in the query."""
    rules = FollowLinks("", ("cursor",), None, filters=("voided",))
    assert rules.contradicted(Position("cursor=a"), {"If-Modified-Since": "yesterday"}) is None
    assert "voided" == rules.contradicted(Position("cursor=a"), {"voided": "true"})


@pytest.mark.parametrize(
    ("query", "link", "expected"),
    [
        (
            "limit=4&invoice_id=7",
            "http://api.example.org/accounts/?offset=4&limit=4",
            "offset=4&limit=4&invoice_id=7",
        ),
        ("cursor=&limit=4&invoice_id=7", "?cursor=abc", "cursor=abc&invoice_id=7"),
        ("cursor=a&voided=true", "?cursor=b&voided=true", "cursor=b&voided=true"),
        ("cursor=a&external_id=a%2Bb+c", "?cursor=b%3D", "cursor=b%3D&external_id=a%2Bb+c"),
        ("cursor=a&other=1", "?cursor=b", "cursor=b"),
    ],
)
def test_filters_that_a_link_drops_are_added(query: str, link: str, expected: str) -> None:
    """Filters stay on every page, also if the links drop them."""
    rules = FollowLinks(
        "", ("cursor", "offset"), None, filters=("voided", "invoice_id", "external_id")
    )
    assert Position(expected) == rules.next_position(Position(query), link, [])
