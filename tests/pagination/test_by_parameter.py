"""Pages that are asked for by a parameter, against model servers that say in every way where the next page is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
# What a provider's first query may hold besides, which must come along to every page.
FILTERS = [("status", "paid"), ("created[gte]", "2026-01-01T00:00:00+00:00"), ("note", "a b&c")]


@attrs.frozen
class Server:
    """Gives a page of ids and what it says of the next page.

    It refuses a query that has lost a filter.
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


def walk(
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
    """The query of a first page."""
    return encode_query([*FILTERS, *([] if size is None else [(size_name, str(size))])])


SIZES = st.none() | st.integers(1, 12)
COUNTS = st.integers(0, 25)
# What a body may say of the next page, by its number.
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


def gives_everything_from_anywhere(
    make: Callable[[int | None], Pagination], server: Server, size: int | None, other: int | None
) -> None:
    """A walk gives each id once, in order, and taken up at any page, with any page size, gives exactly the rest."""
    pages = walk(make(size), server)
    assert list(server.ids) == [one for _, ids in pages for one in ids]
    for number, (position, _) in enumerate(pages):
        rest = [one for _, ids in pages[number:] for one in ids]
        pagination = make(other)
        assert rest == [
            one
            for _, ids in walk(pagination, server, pagination.resume_from(position))
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
    """Numbered pages lead through the whole listing, from zero or from one, and keep the sense that their size gives them."""
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

    gives_everything_from_anywhere(make, server, size, other)


@settings(max_examples=200)
@given(count=COUNTS, size=SIZES, other=SIZES, token=st.sampled_from(sorted(TOKENS)))
def test_tokens(count: int, size: int | None, other: int | None, token: str) -> None:
    """Tokens of any kind come back as they were, and lead through the whole listing."""
    places = {TOKENS[token](n): n for n in range(count)}
    server = Server(
        [f"id-{n}" for n in range(count)],
        lambda asked, _: places[asked["page[after]"]] if "page[after]" in asked else 0,
        lambda last, _, __: TOKENS[token](last),
    )
    gives_everything_from_anywhere(
        lambda size: NextToken(first_query(size), "page[after]", size), server, size, other
    )


@settings(max_examples=200)
@given(
    ids=st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=14), size=SIZES, other=SIZES
)
def test_ids(ids: list[str], size: int | None, other: int | None) -> None:
    """Whatever ids look like, a listing goes on behind the last of each page."""
    server = Server(
        ids,
        lambda asked, _: ids.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0,
        lambda *_: MORE,
    )
    gives_everything_from_anywhere(
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
def test_only_what_says_so_is_the_end(pagination: Pagination, ids: list[str]) -> None:
    """However many came, a page with no word of another is the last."""
    assert pagination.next_position(pagination.start(), None, ids, len(ids)) is None


def test_short_or_empty_page_goes_on() -> None:
    """Where there is more, a page that is short or empty ends nothing."""
    for ids in (list[str](), ["a"]):
        assert Position("limit=2&page=2") == NUMBER.next_position(
            Position("page=1&limit=2"), MORE, ids
        )
        assert Position("limit=2&cursor=x") == TOKEN.next_position(TOKEN.start(), "x", ids)


def test_page_without_an_id_to_go_on_from_is_an_error() -> None:
    """Where there is more behind a page, and nothing on it to say behind what, the listing does not pass for complete."""
    with pytest.raises(PaginationError, match="this page has no id to start it from"):
        AFTER.next_position(AFTER.start(), MORE, [], 2)


def test_whole_ids_are_ids_too() -> None:
    """A provider's ids may be numbers."""
    assert Position("limit=2&starting_after=7") == AFTER.next_position(AFTER.start(), MORE, [3, 7])  # type: ignore[list-item]  # as a row has it


@pytest.mark.parametrize("token", ["", "0"])
def test_empty_and_zero_are_tokens(token: str) -> None:
    """Neither an empty text nor a zero ends a listing; that an empty one does is for a reader to say."""
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
def test_number_that_is_none_leads_nowhere(link: str) -> None:
    """A link without a whole number is an error which says so."""
    with pytest.raises(
        PaginationError,
        match=r"link to the next page (has no 'page' with a whole number, so|is not a URL)",
    ):
        NUMBER.next_position(NUMBER.start(), link, [])


def test_number_of_a_page_that_was_tampered_with_leads_nowhere() -> None:
    """A position may come from a checkpoint that was tampered with."""
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
def test_resumed_number_begins_where_it_did(query: str, limit: int | None, expected: str) -> None:
    """Another page size is taken on only where a page of that size begins at the very same record."""
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
def test_round_and_round_is_noticed(pagination: Pagination) -> None:
    """A provider that gives the same page again and again ends with an error."""
    with pytest.raises(PaginationError, match="read before"):
        walk(pagination, Server(["a", "b", "c"], lambda *_: 0, lambda *_: "2"))


def test_only_numbers_can_be_guessed() -> None:
    """Where the next pages start can be told from a number, and from nothing else."""
    assert [Position("limit=2&page=2"), Position("limit=2&page=3")] == NUMBER.predict_next(
        NUMBER.start(), 2
    )
    assert [] == TOKEN.predict_next(TOKEN.start(), 2) + AFTER.predict_next(AFTER.start(), 2)


def test_kinds_differ_in_what_they_read() -> None:
    """Only where the next page starts behind an id are ids looked at, and none of these reads a header."""
    assert [False, False, True] == [pagination.needs_ids for pagination in (NUMBER, TOKEN, AFTER)]
    assert [None, None, None] == [pagination.header for pagination in (NUMBER, TOKEN, AFTER)]


@settings(max_examples=150)
@given(
    st.text() | st.text().map("https://api.example.com/?page=".__add__),
    st.lists(st.text(), max_size=3),
)
def test_any_link_gives_a_position_or_a_pagination_error(link: str, ids: list[str]) -> None:
    """No link raises anything else, and what is asked for can stand in a request line."""
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
    """A listing by tokens that is resumed with another page size goes on with that."""
    for rules in (NextToken("limit=5", "token", limit=7), AfterLastId("limit=5", "after", limit=7)):
        assert Position("token=a&limit=7") == rules.resume_from(Position("token=a&limit=5"))
    assert Position("token=a&size=7") == NextToken(
        "size=5", "token", limit=7, limit_name="size"
    ).resume_from(Position("token=a&size=5"))


def test_numbered_pages_do_not_overlap() -> None:
    """No record of a numbered page can be a repeat of the page before."""
    assert [] == PageNumber("", "page").overlap(Position(""), ["1"])
