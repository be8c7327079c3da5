"""The pagination of Campfire, and the Link header."""

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
from paysdk.pagination import FollowLinks, LinkHeader, Position, encode_query, next_link
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
    until = datetime(2026, 1, 1, tzinfo=UTC)
    assert Position("cursor=b", until=until) == campfire("cursor=", None).next_position(
        Position("cursor=", until=until), "?cursor=b", []
    )


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


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        (" , ,\t", None),
        ('<https://api.example.com/p?page=2>; rel="next"', "https://api.example.com/p?page=2"),
        ("<?page=2>;rel=next", "?page=2"),
        ("<?page=2> ; REL = Next ;", "?page=2"),
        ('<?a>; rel="prev", <?b>; rel="next", <?c>; rel="last"', "?b"),
        ('<?a>; rel="prev",<?b>; rel="next"', "?b"),
        (", ,<?b>; rel=next,", "?b"),
        ('<?b>; title="a, <?x>; rel=next"; rel="last next"', "?b"),
        ('<?a>; title="a \\" b, <?x>; rel=next"; rel=last', None),
        ('<?a,b;c>; rel="next"', "?a,b;c"),
        ("<>; rel=next", ""),
        ("<?a>; rel=nextpage, <?b>; rel=prev", None),
        ("<?a>; rel=prev; rel=next", None),
        ('<?a>; rel="\\n\\e\\x\\t"', "?a"),
        ('<?a>; rel="next"; anchor="#elsewhere", <?b>; rel="next"', "?b"),
        ("<?a>; rel, <?b>; rel=next", "?b"),
        ("<?a>", None),
        (
            "<?a>; rel*=UTF-8''next, <?b>; crossorigin; rel=next; title*=UTF-8'de'n%c3%a4chstes",
            "?b",
        ),
        ("<?a>; rel=next, <?b>; rel=next", "?a"),
    ],
)
def test_next_link(header: str, expected: str | None) -> None:
    """The first link of this page with the relation ``next`` counts, in any notation."""
    assert expected == next_link(header)


@pytest.mark.parametrize(
    "header",
    [
        "garbage",
        "?page=2; rel=next",
        "<?page=2; rel=next",
        '<?a>; rel="prev" x, <?b; rel=next',
        '<?a>; title="never, closed',
        "<?a> <?b>; rel=next",
        "<?a>; rel=prev, X",
    ],
)
def test_header_that_cannot_be_parsed_raises(header: str) -> None:
    """The unreadable rest of a header may have been the link, so it raises an error."""
    with pytest.raises(
        PaginationError,
        match=r"The Link header cannot be parsed: .*Resume from the checkpoint later",
    ) as raised:
        next_link(header)
    assert repr(header) in str(raised.value)


TEXTS = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='<>"\\'), max_size=12
)


RELATIONS = st.lists(
    st.sampled_from(["prev", "last", "NEXT", "next", "up"]), min_size=1, max_size=3
)


PARAMETERS = st.lists(st.tuples(st.sampled_from(["title", "type", "hreflang"]), TEXTS), max_size=3)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(TEXTS, RELATIONS, PARAMETERS, st.booleans()), max_size=5),
    st.sampled_from([",", ", ", " ,\t,"]),
)
def test_next_link_is_found_among_others(
    links: list[tuple[str, list[str], list[tuple[str, str]], bool]], between: str
) -> None:
    """Among any links with any parameters, the next link is found."""
    written: list[str] = []
    for target, relations, parameters, before in links:
        rel = f'; rel="{" ".join(relations)}"'
        others = "".join(f'; {name}="{value}"' for name, value in parameters)
        written.append(f"<{target}>" + (rel + others if before else others + rel))
    expected = next(
        (
            target
            for target, relations, _, _ in links
            if "next" in " ".join(relations).lower().split()
        ),
        None,
    )
    assert expected == next_link(between.join(written))


@settings(max_examples=200)
@given(st.text(st.sampled_from('<>;,="\\ anext?1'), max_size=400) | st.text())
def test_any_header_is_parsed_or_refused(header: str) -> None:
    """Any header is parsed or raises a ``PaginationError``."""
    try:
        found = next_link(header)
    except PaginationError:
        return
    assert found is None or f"<{found}>" in header


@pytest.mark.parametrize(
    "header",
    [
        "<?a>" + "; " * 20_000 + '"',
        "<?a>;" + "x=" * 20_000 + '"',
        "<" * 20_000,
        '<?a>; x="' + "\\" * 40_001,
    ],
)
def test_long_bad_header_is_refused_at_once(header: str) -> None:
    """A very long header that cannot be parsed takes linear time."""
    with pytest.raises(PaginationError):
        next_link(header)


def test_pages_follow_the_header() -> None:
    """The query of the next link is sent unchanged, and a page without a link is the last."""
    pagination = LinkHeader("per_page=2", ("page", "cursor"))
    assert ("link", False) == (pagination.header, pagination.needs_ids)
    following = pagination.next_position(
        pagination.start(), '<http://elsewhere.example.com/?page=2&per_page=2>; rel="next"', []
    )
    assert Position("page=2&per_page=2") == following
    assert pagination.next_position(pagination.start(), '<?page=1>; rel="prev"', ["a"]) is None
    assert pagination.next_position(pagination.start(), None, ["a"]) is None
    with pytest.raises(PaginationError, match="has no page or cursor"):
        pagination.next_position(pagination.start(), '<?per_page=2>; rel="next"', ["a"])


def test_links_that_count_pages_keep_their_page_size() -> None:
    """Links that count pages keep their page size when a listing is resumed; cursors need not."""
    position = Position("page=3&per_page=50")
    assert position == LinkHeader("per_page=100", ("page",)).resume_from(position)
    assert Position("cursor=a&per_page=100") == LinkHeader(
        "", ("cursor",), 100, "per_page"
    ).resume_from(Position("cursor=a&per_page=50"))


def test_header_links_are_predicted_only_from_offsets() -> None:
    """Pages behind links with page numbers or cursors cannot be predicted."""
    assert [] == LinkHeader("page=1&limit=2", ("page",)).predict_next(Position("page=1&limit=2"), 2)
    assert [] == LinkHeader("", ("offset", "after")).predict_next(Position("after=x&limit=2"), 2)
    offsets = LinkHeader("size=2", ("offset",), limit_name="size")
    assert [Position("size=2&offset=2")] == offsets.predict_next(offsets.start(), 1)


def test_pages_by_link_do_not_overlap() -> None:
    """No record of the next page is a repeat of the page before."""
    assert [] == LinkHeader("", ()).overlap(Position(""), ["1"])
