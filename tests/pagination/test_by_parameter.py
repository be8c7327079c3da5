"""Pages by number, by token and after an id, against a model of such an API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import PaginationError
from paysdk.listing.repeats import RequestsMade
from paysdk.pagination import (
    MORE,
    AfterLastId,
    NextToken,
    PageNumber,
    Pagination,
    Position,
    encode_query,
)

DEFAULT_SIZE = 3
# Another parameter of the first query. It must be in the query of every page.
FILTERS = [("status", "paid"), ("created[gte]", "2026-01-01T00:00:00+00:00"), ("note", "a b&c")]


@attrs.frozen
class Server:
    """Returns a page of ids, and what it says about the next page.

    It refuses a query without the filter.
    """

    ids: Sequence[str]
    place: Callable[[dict[str, str], int], int]
    link: Callable[[int, int, dict[str, str]], str]
    size_name: str = "limit"

    def page(self, query: str) -> tuple[list[str], str | None]:
        asked = dict(parse_qsl(query, keep_blank_values=True))
        assert dict(FILTERS).items() <= asked.items()
        size = int(asked.get(self.size_name, DEFAULT_SIZE))
        first = self.place(asked, size)
        page, last = list(self.ids[first : first + size]), first + size
        return page, self.link(last, size, asked) if last < len(self.ids) else None


def read_pages(
    pagination: Pagination, server: Server, start: Position | None = None
) -> list[tuple[Position, list[str]]]:
    """Read page after page, as a listing does."""
    pages: list[tuple[Position, list[str]]] = []
    made = RequestsMade()
    position: Position | None = start or pagination.start()
    while position is not None:
        made.add(position.query)
        ids, link = server.page(position.query)
        pages.append((position, ids))
        position = pagination.next_position(position, link, ids, len(ids))
    return pages


def first_query(size: int | None, size_name: str = "limit") -> str:
    """The query of the first page."""
    return encode_query([*FILTERS, *([] if size is None else [(size_name, str(size))])])


SIZES = st.none() | st.integers(1, 12)
COUNTS = st.integers(0, 25)
# How a body may announce the next page of a numbered listing.
NUMBERS: dict[str, Callable[[int], str]] = {
    "more": lambda _: MORE,
    "number": str,
    "link": "https://elsewhere.example.com/other?x=1&page={}".format,
    "relative": "?page={}&limit=7".format,
    "encoded": "/v2/payments?%70age={}".format,
}
TOKENS: dict[str, Callable[[int], str]] = {
    "zero": str,
    "base64": "cD0y/+{}==".format,
    "spaces": " a b&c={}".format,
    "unicode": "é☃{}".format,
    "more": lambda place: MORE + "." * place,
}


def check_every_start(
    make: Callable[[int | None], Pagination], server: Server, size: int | None, other: int | None
) -> None:
    """Check that each id comes once, in order, and exactly the rest from any page and page size."""
    pages = read_pages(make(size), server)
    assert list(server.ids) == [one for _, ids in pages for one in ids]
    for number, (position, _) in enumerate(pages):
        rest = [one for _, ids in pages[number:] for one in ids]
        pagination = make(other)
        assert rest == [
            one
            for _, ids in read_pages(pagination, server, pagination.resume_from(position))
            for one in ids
        ]


@settings(max_examples=200)
@given(
    count=COUNTS,
    size=SIZES,
    other=SIZES,
    says=st.sampled_from(sorted(NUMBERS)),
    base=st.sampled_from([0, 1]),
)
def test_page_numbers(
    count: int, size: int | None, other: int | None, says: str, base: int
) -> None:
    """Numbered pages lead through the whole listing, and keep the page size they were made for."""
    server = Server(
        [f"id-{n}" for n in range(count)],
        lambda asked, size: (int(asked.get("page", base)) - base) * size,
        lambda last, size, _: NUMBERS[says](last // size + base),
        "per_page",
    )

    def make(size: int | None) -> PageNumber:
        return PageNumber(
            first_query(size, "per_page"),
            "page",
            limit=size,
            limit_name="per_page",
            first_number=base,
        )

    check_every_start(make, server, size, other)


@settings(max_examples=200)
@given(count=COUNTS, size=SIZES, other=SIZES, token=st.sampled_from(sorted(TOKENS)))
def test_tokens(count: int, size: int | None, other: int | None, token: str) -> None:
    """Any token is sent back unchanged, and leads through the whole listing."""
    places = {TOKENS[token](n): n for n in range(count)}
    server = Server(
        [f"id-{n}" for n in range(count)],
        lambda asked, _: places[asked["page[after]"]] if "page[after]" in asked else 0,
        lambda last, _, __: TOKENS[token](last),
    )
    check_every_start(
        lambda size: NextToken(first_query(size), "page[after]", size), server, size, other
    )


@settings(max_examples=200)
@given(
    ids=st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=14), size=SIZES, other=SIZES
)
def test_ids(ids: list[str], size: int | None, other: int | None) -> None:
    """With any ids, the next page starts after the last id of a page."""
    server = Server(
        ids,
        lambda asked, _: ids.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0,
        lambda *_: MORE,
    )
    check_every_start(
        lambda size: AfterLastId(first_query(size), "starting_after", size), server, size, other
    )


NUMBER, TOKEN, AFTER = (
    PageNumber("page=1&limit=2", "page"),
    NextToken("limit=2", "cursor"),
    AfterLastId("limit=2", "starting_after"),
)
ALL = pytest.mark.parametrize("pagination", [NUMBER, TOKEN, AFTER], ids=["number", "token", "id"])


@ALL
@pytest.mark.parametrize("ids", [[], ["a"], ["a", "b"]])
def test_page_without_a_link_is_the_last(pagination: Pagination, ids: list[str]) -> None:
    """A page without a link is the last, however many ids it has."""
    assert pagination.next_position(pagination.start(), None, ids, len(ids)) is None


def test_short_or_empty_page_is_not_the_last() -> None:
    """A short or empty page with a link has a next page."""
    for ids in (list[str](), ["a"]):
        assert Position("limit=2&page=2") == NUMBER.next_position(
            Position("page=1&limit=2"), MORE, ids
        )
        assert Position("limit=2&cursor=x") == TOKEN.next_position(TOKEN.start(), "x", ids)


def test_page_without_an_id_to_start_from_is_an_error() -> None:
    """If there is another page but no id on this one, the listing raises an error."""
    with pytest.raises(PaginationError, match="but this page has no record"):
        AFTER.next_position(AFTER.start(), MORE, [])
    with pytest.raises(PaginationError, match=r"cannot be read.*with a larger page_size"):
        AFTER.next_position(AFTER.start(), MORE, [], 2)


def test_ids_may_be_numbers() -> None:
    """The ids of a provider may be whole numbers."""
    ids: Any = [3, 7]

    assert Position("limit=2&starting_after=7") == AFTER.next_position(AFTER.start(), MORE, ids)


@pytest.mark.parametrize("token", ["", "0"])
def test_empty_and_zero_are_tokens(token: str) -> None:
    """Neither an empty text nor a zero ends a listing, unless the reader returns ``None``."""
    assert Position(f"limit=2&cursor={token}") == TOKEN.next_position(TOKEN.start(), token, [])


@pytest.mark.parametrize(
    "link",
    [
        "",
        "next",
        "-1",
        "1.5",
        "²",
        "?page=",
        "?page=x",
        "/payments?limit=2",
        "https://[::1",
        "7" * 19,
    ],
)
def test_link_without_a_number_raises(link: str) -> None:
    """A link without a whole number raises an error that says so."""
    with pytest.raises(
        PaginationError,
        match=r"link to the next page (has no 'page' with a whole number, so|is not a URL)",
    ):
        NUMBER.next_position(NUMBER.start(), link, [])


@pytest.mark.parametrize("link", ["5", "?page=5", "https://api.example.com/a?limit=9&page=5"])
def test_link_may_skip_a_page(link: str) -> None:
    """The next page is the one of the link, and the rest of the query stays."""
    assert Position("limit=2&page=5") == NUMBER.next_position(NUMBER.start(), link, [])


def test_parameter_for_the_page_size_may_have_another_name() -> None:
    """A listing by page numbers is resumed with the size of the listing, under its name."""
    rules = PageNumber("page=1&per_page=50", "page", limit=10, limit_name="per_page")
    assert Position("page=11&per_page=10") == rules.resume_from(Position("page=3&per_page=50"))


def test_edited_page_number_raises() -> None:
    """The page number of an edited checkpoint may be no number, which raises."""
    position = Position("page=x&limit=2")
    assert [] == NUMBER.predict_next(position, 2)
    assert position == attrs.evolve(NUMBER, limit=5).resume_from(position)
    with pytest.raises(PaginationError, match="has no 'page' with a whole number"):
        NUMBER.next_position(position, MORE, [])


@pytest.mark.parametrize(
    ("query", "limit", "expected"),
    [
        ("page=3&limit=50", None, "page=3&limit=50"),
        ("page=3&limit=50", 100, "page=2&limit=100"),
        ("page=4&limit=50", 100, "page=4&limit=50"),
        ("page=3&limit=50", 10, "page=11&limit=10"),
        ("page=3&limit=50", 30, "page=3&limit=50"),
        ("page=1&limit=50", 30, "page=1&limit=30"),
        ("limit=50&x=1", 30, "x=1&page=1&limit=30"),
        ("page=3", 50, "page=3"),
    ],
)
def test_resumed_page_begins_at_the_same_record(
    query: str, limit: int | None, expected: str
) -> None:
    """Another page size is used only if such a page begins at exactly the same record."""
    assert Position(expected) == PageNumber("page=1", "page", limit=limit).resume_from(
        Position(query)
    )


@pytest.mark.parametrize(
    "pagination",
    [
        PageNumber(first_query(2), "page"),
        NextToken(first_query(2), "cursor"),
        AfterLastId(first_query(2), "starting_after"),
    ],
    ids=["number", "token", "id"],
)
def test_same_page_again_and_again_raises(pagination: Pagination) -> None:
    """If the next page is always the same page, the listing ends with an error."""
    with pytest.raises(PaginationError, match="read before"):
        read_pages(pagination, Server(["a", "b", "c"], lambda *_: 0, lambda *_: "2"))


def test_only_numbered_pages_are_predicted() -> None:
    """The next pages can be predicted from a number, but not from a token or an id."""
    assert [Position("limit=2&page=2"), Position("limit=2&page=3")] == NUMBER.predict_next(
        NUMBER.start(), 2
    )
    assert [] == TOKEN.predict_next(TOKEN.start(), 2) + AFTER.predict_next(AFTER.start(), 2)


def test_only_after_last_id_needs_ids() -> None:
    """Only pages after an id need the ids, and none of these paginations reads a header."""
    assert [False, False, True] == [pagination.needs_ids for pagination in (NUMBER, TOKEN, AFTER)]
    assert [None, None, None] == [pagination.header for pagination in (NUMBER, TOKEN, AFTER)]


@settings(max_examples=150)
@given(
    st.text() | st.text().map("https://api.example.com/?page=".__add__),
    st.lists(st.text(), max_size=3),
)
def test_any_link_is_followed_or_refused(link: str, ids: list[str]) -> None:
    """Any link leads to a query that a request line may have, or to a ``PaginationError``."""
    for pagination in (NUMBER, TOKEN, AFTER):
        try:
            following = pagination.next_position(pagination.start(), link, ids)
        except PaginationError:
            continue
        assert following is not None
        assert following.query.isascii()
        assert following.query.isprintable()
        assert " " not in following.query


def test_resumed_token_takes_the_size_of_the_listing() -> None:
    """A listing by tokens can be resumed with another page size."""
    for rules in (NextToken("limit=5", "token", limit=7), AfterLastId("limit=5", "after", limit=7)):
        assert Position("token=a&limit=7") == rules.resume_from(Position("token=a&limit=5"))
    assert Position("token=a&size=7") == NextToken(
        "size=5", "token", limit=7, limit_name="size"
    ).resume_from(Position("token=a&size=5"))


def test_fixed_parameter_is_no_added_filter() -> None:
    """A parameter that each request of the listing has is expected."""
    rules = PageNumber("voided=false", "page", filters=("voided",))
    assert rules.contradicted(Position("voided=false&page=2"), {}) is None


def test_numbered_pages_do_not_overlap() -> None:
    """No record of a numbered page is a repeat of the page before."""
    assert [] == PageNumber("", "page").overlap(Position(""), ["1"])
