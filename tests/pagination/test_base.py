"""The rules of paging, against model servers that link in every way that has been seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import parse_qsl, quote, urlsplit

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paysdk.errors import PaginationError
from paysdk.listing.repeats import PagesGiven, RequestsMade, find_repeats
from paysdk.pagination import FollowLinks, HalFrom, Pagination, Position, encode_query, same_request

DEFAULT_LIMIT = 3


@attrs.frozen
class Seen:
    """A page that a walk has read: where it started, and the ids on it that were new."""

    position: Position
    new: list[str]


class ModelServer:
    """A listing of ids, and the way that it pages."""

    def page(self, query: str) -> tuple[list[str], str | None]:
        """The ids of a page and the link to the next."""
        raise NotImplementedError


def walk(pagination: Pagination, server: ModelServer, start: Position | None = None) -> list[Seen]:
    """Read page after page as a listing does, and drop what had been given on the page before."""
    pages: list[Seen] = []
    made = RequestsMade()
    position = start or pagination.start()
    made.add(position.query)
    before: set[str | int] = set()
    while True:
        ids, link = server.page(position.query)
        pages.append(
            Seen(position, [one for one in ids if one not in before | set(position.given)])
        )
        before = set(ids) or before
        following = pagination.next_position(position, link, ids)
        if following is None:
            return pages
        made.add(following.query)
        position = following


def ids_of(pages: list[Seen]) -> list[str]:
    """All that a walk gave, in order."""
    return [one for page in pages for one in page.new]


# Where a Notify link may point: at the first id of the next page, the last of this one, or the
# first of this one.
TARGETS = ("next", "last", "first")
# What else a link may look like; {} is the id, percent-encoded.
LOOKS = (
    "https://api.notify.cm/v2/payments?from={}",
    "https://api.notify.cm/v2/payments?from={}&limit=250",
    "https://api.notify.cm/v2/payments?limit=1&from={}",
    "http://api.notify.cm/v2/payments?from={}",
    "https://elsewhere.example.com/v2/payments?from={}",
    "https://api.notify.cm/other/path/?x=1&from={}",
    "/v2/payments?from={}",
    "?from={}",
    "//elsewhere.example.com?from={}#fragment",
)


@attrs.frozen
class NotifyModel(ModelServer):
    """List payments: ``from`` is inclusive, and each page's link is as *links* says, over and over.

    At the end there is a null, or not.
    """

    ids: Sequence[str]
    links: Sequence[tuple[str, str]]
    ends_in_null: bool
    largest: int = 250

    def page(self, query: str) -> tuple[list[str], str | None]:
        asked = dict(parse_qsl(query, keep_blank_values=True))
        limit = min(int(asked.get("limit", DEFAULT_LIMIT)), self.largest)
        first = self.ids.index(asked["from"]) if "from" in asked else 0
        page = list(self.ids[first : first + limit])
        rest = self.ids[first + limit :]
        target, look = self.links[first % len(self.links)]
        if not page or (not rest and (self.ends_in_null or target == "next")):
            return page, None
        to = rest[0] if target == "next" else page[-1] if target == "last" else page[0]
        return page, look.format(quote(to, safe=""))


IDS = st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=14) | st.integers(0, 25).map(
    lambda count: [f"id-{n}" for n in range(count)]
)
LINKS = st.lists(
    st.tuples(st.sampled_from(TARGETS), st.sampled_from(LOOKS)), min_size=1, max_size=6
)
LIMITS = st.none() | st.integers(1, 26)
DOCUMENT = [("first", LOOKS[0])]


@settings(max_examples=300)
@given(
    ids=IDS,
    links=LINKS,
    ends_in_null=st.booleans(),
    limit=LIMITS,
    largest=st.sampled_from([2, 5, 250]),
)
@example(ids=["a", "b"], links=DOCUMENT, ends_in_null=False, limit=1, largest=250)
@example(ids=["a", "b", "c"], links=[("last", LOOKS[0])], ends_in_null=False, limit=1, largest=250)
@example(
    ids=[f"{n}" for n in range(7)], links=DOCUMENT, ends_in_null=False, limit=None, largest=250
)
def test_notify_gives_each_id_once_in_order(
    ids: list[str],
    links: list[tuple[str, str]],
    ends_in_null: bool,  # drawn
    limit: int | None,
    largest: int,
) -> None:
    """Whatever its links say, and however short its pages are, a listing gives each payment once, in order, and ends."""
    pages = walk(HalFrom(limit), NotifyModel(ids, links, ends_in_null, largest))
    assert ids == ids_of(pages)
    assert len(pages) <= 2 * len(ids) + 2


@settings(max_examples=150)
@given(ids=IDS, links=LINKS, ends_in_null=st.booleans(), limit=LIMITS, other=LIMITS)
def test_notify_goes_on_from_any_page_with_any_page_size(
    ids: list[str],
    links: list[tuple[str, str]],
    ends_in_null: bool,  # drawn
    limit: int | None,
    other: int | None,
) -> None:
    """A walk taken up where any page starts gives exactly the rest, also with another page size."""
    server = NotifyModel(ids, links, ends_in_null)
    pages = walk(HalFrom(limit), server)
    for number, page in enumerate(pages):
        resumed = HalFrom(other).resume_from(page.position)
        assert ids_of(pages[number:]) == ids_of(walk(HalFrom(other), server, resumed))


def test_notify_keeps_the_page_size_that_a_link_drops_or_changes() -> None:
    """Only ``from`` is taken from a link; the limit is the caller's."""
    position = HalFrom(100).start()
    assert "limit=100" == position.query
    for link in ("/v2/payments?from=x", "/v2/payments?from=x&limit=5"):
        assert Position("from=x&limit=100") == HalFrom(100).next_position(
            position, link, ["a", "b"]
        )
    assert Position("from=x") == HalFrom(None).next_position(
        HalFrom(None).start(), "/v2/payments?from=x&limit=5", ["a"]
    )


@pytest.mark.parametrize("token", ["", "0"])
def test_empty_and_zero_are_ids(token: str) -> None:
    """Neither an empty text nor a zero ends a listing."""
    assert Position(f"from={token}") == HalFrom(None).next_position(
        HalFrom(None).start(), f"?from={token}", ["a"]
    )


def test_empty_page_with_a_link_goes_on() -> None:
    """Only a missing link ends a listing, not an empty page."""
    assert Position("from=b") == HalFrom(None).next_position(Position("from=a"), "?from=b", [])
    assert HalFrom(None).next_position(Position("from=a"), None, ["a", "b"]) is None


def test_empty_page_from_an_id_is_no_end() -> None:
    """The payment to start from is on its page; where nothing is, it was deleted, and the rest of the listing is out of reach."""
    with pytest.raises(
        PaginationError,
        match=r"from payment 'a' on is empty.* deleted .* cannot be requested\. List again",
    ):
        HalFrom(None).next_position(Position("from=a"), None, [])
    assert HalFrom(None).next_position(Position("from=a"), None, [], records=1) is None
    assert HalFrom(None).next_position(Position("limit=5"), None, []) is None


def test_page_that_lost_its_start_goes_on_from_its_last_id() -> None:
    """Where the payment to start from is gone and the link points at it all the same, the listing goes on behind what came."""
    assert Position("from=c", ("c",)) == HalFrom(None).next_position(
        Position("from=a"), "?from=a", ["b", "c"]
    )


def test_page_with_nothing_new_to_read_is_asked_for_again_larger() -> None:
    """What came beside the payment to start from had no readable id; a page of the largest size reaches behind it, if anything does."""
    assert Position("from=a&limit=250", ("a",)) == HalFrom(None).next_position(
        Position("from=a"), "?from=a", ["a"], records=2
    )
    assert HalFrom(None).next_position(Position("from=a"), "?from=a", ["a"], records=1) is None


@pytest.mark.parametrize("limit", ["x", "", "-1", "1_0", "7" * 5000], ids=lambda limit: limit[:9])
def test_page_size_that_is_no_number_is_left_out(limit: str) -> None:
    """A position may come from a checkpoint that was tampered with; what it says of the page size is not sent on."""
    assert Position("from=b") == HalFrom(None).next_position(
        Position(f"from=a&limit={limit}"), "?from=b", ["a"]
    )


def test_link_into_the_middle_of_its_page_is_an_overlap() -> None:
    """What a page has given after the id that its link points at is known to have been given, also by a page too small to hold it."""
    following = HalFrom(4).next_position(Position("limit=4"), "?from=c", ["a", "b", "c", "d"])
    assert Position("from=c&limit=4", ("c", "d")) == following
    resumed = HalFrom(1).resume_from(following)
    assert Position("from=c&limit=1", ("c", "d")) == resumed
    assert Position("from=d&limit=1", ("d",)) == HalFrom(1).next_position(resumed, "?from=d", ["c"])


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
def test_link_without_a_token_leads_nowhere(link: str) -> None:
    """A link that does not identify a page is an error which says so, for both kinds."""
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
def test_any_link_gives_a_position_or_a_pagination_error(link: str, ids: list[str]) -> None:
    """No link, however broken, raises anything else, and what is asked for can stand in a request line."""
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


def campfire(first: str, limit: int | None) -> FollowLinks:
    """Campfire's rules."""
    return FollowLinks(first, ("cursor", "offset"), limit)


# What a Campfire link may look like besides; {} is its query.
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
    """List Invoice Payments, by offset or by cursors that are *token* of an offset."""

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
def test_campfire_gives_each_id_once_in_order(
    count: int, limit: int | None, by_cursor: bool, token: str, look: str
) -> None:  # drawn
    """Cursors of any kind and offsets lead through the whole listing, wherever the links point, and can be taken up at any page."""
    ids = [f"{n}" for n in range(count)]
    server = CampfireModel(ids, by_cursor, TOKENS[token], look)
    first = encode_query([("cursor", "")] if by_cursor else []) + (
        f"&limit={limit}" if limit else ""
    )
    pages = walk(campfire(first, limit), server)
    assert ids == ids_of(pages)
    for number, page in enumerate(pages):
        for other in (None, 1, 7):
            resumed = campfire(first, other).resume_from(page.position)
            assert ids_of(pages[number:]) == ids_of(walk(campfire(first, other), server, resumed))


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
def test_query_of_a_link_is_taken_verbatim(query: str) -> None:
    """A cursor is opaque: not a character of it is changed, not even in how it is escaped."""
    assert Position(query) == campfire("cursor=", None).next_position(
        Position("cursor="), f"http://api.example.org/?{query}", []
    )


def test_what_cannot_stand_in_a_request_line_is_escaped() -> None:
    """A link that was not escaped is, and nothing of it can end the request line."""
    following = campfire("cursor=", None).next_position(
        Position("cursor="), '?cursor=a b"é<\x7f', []
    )
    assert Position("cursor=a%20b%22%C3%A9%3C%7F") == following


def test_window_of_a_listing_stays_with_it() -> None:
    """A page belongs to the window of time of the page before."""
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
def test_resuming_brings_the_page_size_of_the_new_listing(
    query: str, limit: int | None, expected: str
) -> None:
    """The limit of a position is replaced where the new listing has one, and nothing else is."""
    assert Position(expected, ("a",)) == campfire("", limit).resume_from(Position(query, ("a",)))


@attrs.frozen
class Circle(ModelServer):
    """A server whose links lead from one query to the next, round and round."""

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
def test_circles_are_noticed(circle: list[str], reordered: bool) -> None:  # a table's column
    """A link that leads to a page which was read before raises, after one page or after many, in whatever order its parameters stand."""
    links = dict(
        pairwise([*circle, "&".join(reversed(circle[-1].split("&"))) if reordered else circle[-1]])
    )
    with pytest.raises(PaginationError, match="read before"):
        walk(campfire("cursor=", None), Circle(links))


def test_page_that_points_back_is_noticed_for_ids_too() -> None:
    """A Notify link to a page that was read before raises."""
    with pytest.raises(PaginationError, match="read before"):
        walk(HalFrom(None), NotifyBackwards())


class NotifyBackwards(ModelServer):
    """Pages that lead to each other."""

    def page(self, query: str) -> tuple[list[str], str | None]:
        return ([], "?from=a") if query == "from=b" else (["x"], "?from=b")


def test_noticing_circles_takes_eight_bytes_a_page() -> None:
    """What is remembered of a request is eight bytes."""
    made = RequestsMade()
    for number in range(500):
        made.add(f"cursor={number}")
    assert (500, 8) == (len(made._made._sorted), made._made._sorted.itemsize)
    for number in (0, 250, 499):
        with pytest.raises(
            PaginationError,
            match=r"never end\. Resume from the checkpoint later, or tell the provider\.$",
        ):
            made.add(f"cursor={number}")


def test_same_request_is_told_whatever_the_order() -> None:
    """The order of parameters makes no other request; their values do."""
    assert same_request("a=1&b=2") == same_request("b=2&a=1")
    assert same_request("a=1&b=2") != same_request("a=2&b=1")


def test_query_is_percent_encoded() -> None:
    """A plus in a timestamp must not become a space on the way; colons may stand."""
    query = encode_query(
        [("last_modified_at__gte", "2026-01-01T00:00:00+00:00"), ("external_id", "a b&é")]
    )
    assert "last_modified_at__gte=2026-01-01T00:00:00%2B00:00&external_id=a+b%26%C3%A9" == query


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
def test_pages_by_offset_can_be_guessed(query: str, expected: list[str]) -> None:
    """Where pages lie by number it can be told where the next ones start; with cursors, or without a page size, it cannot."""
    assert [Position(one) for one in expected] == campfire("", None).predict_next(
        Position(query), 2
    )


def test_pages_by_id_cannot_be_guessed() -> None:
    """An id tells nothing about the ids after it."""
    assert [] == HalFrom(10).predict_next(Position("from=a&limit=10"), 2)


def test_kinds_differ_in_what_they_read() -> None:
    """Links that carry a whole query need no ids; links that may overlap do."""
    assert (False, True) == (campfire("", None).needs_ids, HalFrom(None).needs_ids)
    assert urlsplit("?" + HalFrom(None).start().query).query == ""


@attrs.frozen
class Record:
    """A row, as far as repeats are concerned."""

    id: str | int
    modified_at: datetime | None = None
    more: str = ""

    @property
    def raw(self) -> bytes:
        """What stands for its own bytes."""
        return f"{self.id}{self.more}".encode()


OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "rows", "expected"),
    [
        ({}, [], []),
        ({}, [Record(1), Record(2)], []),
        ({1: None}, [Record(1), Record(2)], [0]),
        ({1: b"1"}, [Record(1), Record(2)], [0]),
        ({1: b"1, with another amount"}, [Record(1), Record(2)], []),
        ({}, [Record(1), Record(1)], [1]),
        ({1: OLD, 2: OLD}, [Record(2, OLD), Record(3, OLD), Record(1, OLD)], [0, 2]),
        ({1: OLD}, [Record(1, NEW)], []),
        ({1: OLD}, [Record(1, NEW), Record(1, NEW)], [1]),
        ({1: NEW}, [Record(1, OLD)], []),
        ({}, [Record(1, OLD), Record(1, OLD), Record(1, NEW)], [1]),
        ({"1": None}, [Record(1)], []),
    ],
    ids=range(12),
)
def test_unchanged_payments_are_repeats_and_changed_ones_are_not(
    before: dict[str | int, object], rows: list[Record], expected: list[int]
) -> None:
    """A payment that comes again is a repeat only if nothing tells that it was changed meanwhile, from page to page and within one."""
    now, places = find_repeats(rows, before)
    assert expected == places
    assert {row.id: row.modified_at or row.raw for row in rows} == now


def test_page_that_comes_again_is_noticed() -> None:
    """A page that was given before with the same payments, by whichever link, raises; one of which an end was changed does not."""
    given = PagesGiven()
    pages = [
        [Record(1, OLD), Record(2, OLD)],
        [Record(1, OLD)],
        [Record(1, NEW), Record(2, OLD)],
        [Record(1, OLD), Record(2, NEW)],
        [Record("a")],
        [Record("a", more=", with another amount")],
    ]
    for rows in pages:
        given.add(rows)
    for rows in pages:
        with pytest.raises(
            PaginationError,
            match=r"listed before, from .* never end\. Resume from the checkpoint later",
        ):
            given.add(rows)


def test_half_of_a_surrogate_pair_in_a_query_is_remembered() -> None:
    """What UTF-8 cannot say can come again, too."""
    made = RequestsMade()
    made.add("cursor=\ud800")
    with pytest.raises(PaginationError, match="was read before"):
        made.add("cursor=\ud800")


def test_links_in_messages_are_bounded() -> None:
    """A link of megabytes does not make a message of megabytes."""
    for follow in (campfire("cursor=", None).next_position, HalFrom(None).next_position):
        with pytest.raises(PaginationError, match="does not lead to a page") as raised:
            follow(Position("cursor="), "?x=" + "y" * 5_000_000, [])
        assert len(str(raised.value)) < 1000


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
def test_filters_that_a_link_drops_are_kept(query: str, link: str, expected: str) -> None:
    """The filters go along from page to page, whether the links repeat them or not; anything else a link may drop."""
    rules = FollowLinks(
        "", ("cursor", "offset"), None, filters=("voided", "invoice_id", "external_id")
    )
    assert Position(expected) == rules.next_position(Position(query), link, [])


def test_page_that_does_not_start_where_it_was_asked_to() -> None:
    """A page that ends where it was asked to start, and points at itself, shows that the API ignores what it is asked for."""
    with pytest.raises(
        PaginationError,
        match=r"was to start from 'd', and starts from 'a'\.",
    ):
        HalFrom(None).next_position(Position("from=d"), "?from=d", ["a", "b", "c", "d"])
    for ids in (["d", "e"], ["e", "f"], ["c", "d", "e"]):
        assert HalFrom(None).next_position(Position("from=d"), "?from=g", ids) == Position("from=g")
