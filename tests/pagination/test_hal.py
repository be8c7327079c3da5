"""The pagination of Notify, against a model with every form of link."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, quote

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paysdk.errors import PaginationError
from paysdk.pagination import HalFrom, Position
from tests.pagination.model import DEFAULT_LIMIT, LIMITS, ModelServer, ids_of, read_pages

# The target of a link: the first id of the next page, the last of this one, or the first of this
# one.
TARGETS = ("next", "last", "first")


# Forms of a link. {} is the id, percent-encoded.
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
    """Notify's list of payments: ``from`` is inclusive, and *links* are the forms of its links.

    The last page may have a null link, or a link to itself.
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
def test_each_id_comes_once_in_order(
    ids: list[str],
    links: list[tuple[str, str]],
    ends_in_null: bool,  # drawn
    limit: int | None,
    largest: int,
) -> None:
    """With any form of link and any page size, each id comes once, in order, and the list ends."""
    pages = read_pages(HalFrom(limit), NotifyModel(ids, links, ends_in_null, largest))
    assert ids == ids_of(pages)
    assert len(pages) <= 2 * len(ids) + 2


@settings(max_examples=150)
@given(ids=IDS, links=LINKS, ends_in_null=st.booleans(), limit=LIMITS, other=LIMITS)
def test_any_page_can_be_resumed_with_any_page_size(
    ids: list[str],
    links: list[tuple[str, str]],
    ends_in_null: bool,  # drawn
    limit: int | None,
    other: int | None,
) -> None:
    """From any position, with any page size, exactly the rest is listed."""
    server = NotifyModel(ids, links, ends_in_null)
    pages = read_pages(HalFrom(limit), server)
    for number, page in enumerate(pages):
        resumed = HalFrom(other).resume_from(page.position)
        assert ids_of(pages[number:]) == ids_of(read_pages(HalFrom(other), server, resumed))


def test_page_size_of_a_link_is_ignored() -> None:
    """Only ``from`` is used of a link; the page size is the caller's."""
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


def test_empty_page_with_a_link_is_not_the_last() -> None:
    """Only a missing link ends a listing, not an empty page."""
    assert Position("from=b") == HalFrom(None).next_position(Position("from=a"), "?from=b", [])
    assert HalFrom(None).next_position(Position("from=a"), None, ["a", "b"]) is None


def test_empty_page_from_an_id_raises() -> None:
    """If the payment that a page starts from was deleted, the listing raises an error."""
    with pytest.raises(
        PaginationError,
        match=r"from payment 'a' on is empty.* deleted .* cannot be requested\. List again",
    ) as raised:
        HalFrom(None).next_position(Position("from=a"), None, [])
    assert ("'a'",) == raised.value.quoted
    assert HalFrom(None).next_position(Position("from=a"), None, [], records=1) is None
    assert HalFrom(None).next_position(Position("limit=5"), None, []) is None


def test_page_without_its_start_goes_on_from_its_last_id() -> None:
    """If a link points at a deleted payment, the next page starts from the last id."""
    assert Position("from=c", ("c",)) == HalFrom(None).next_position(
        Position("from=a"), "?from=a", ["b", "c"]
    )


def test_full_page_without_new_ids_is_requested_larger() -> None:
    """If a full page has nothing but its start and malformed records, a larger one is requested."""
    assert Position("from=a&limit=250", ("a",)) == HalFrom(None).next_position(
        Position("from=a"), "?from=a", ["a"], records=2
    )
    assert HalFrom(None).next_position(Position("from=a"), "?from=a", ["a"], records=1) is None


@pytest.mark.parametrize("limit", ["x", "", "-1", "1_0", "7" * 5000], ids=lambda limit: limit[:9])
def test_page_size_that_is_not_a_number_is_left_out(limit: str) -> None:
    """If an edited checkpoint has a page size that is not a number, it is not sent on."""
    assert Position("from=b") == HalFrom(None).next_position(
        Position(f"from=a&limit={limit}"), "?from=b", ["a"]
    )


def test_link_into_the_middle_of_its_page_is_an_overlap() -> None:
    """The ids from the target of a link on were returned, also if the next page is smaller."""
    following = HalFrom(4).next_position(Position("limit=4"), "?from=c", ["a", "b", "c", "d"])
    assert Position("from=c&limit=4", ("c", "d")) == following
    resumed = HalFrom(1).resume_from(following)
    assert Position("from=c&limit=1", ("c", "d")) == resumed
    assert Position("from=d&limit=1", ("d",)) == HalFrom(1).next_position(resumed, "?from=d", ["c"])


def test_pages_by_id_cannot_be_predicted() -> None:
    """An id says nothing about the ids after it."""
    assert [] == HalFrom(10).predict_next(Position("from=a&limit=10"), 2)


def test_ignored_start_raises() -> None:
    """A page that does not start from the requested id, and points at itself, raises an error."""
    with pytest.raises(
        PaginationError,
        match=r"was to start from 'd', and starts from 'a'\.",
    ) as raised:
        HalFrom(None).next_position(Position("from=d"), "?from=d", ["a", "b", "c", "d"])
    assert ("'d'", "'a'") == raised.value.quoted
    for ids in (["d", "e"], ["e", "f"], ["c", "d", "e"]):
        assert HalFrom(None).next_position(Position("from=d"), "?from=g", ids) == Position("from=g")


def test_filters_must_be_in_the_query() -> None:
    """A checkpoint whose query has another filter than the listing contradicts it."""
    filters = {"status": "paid"}
    assert HalFrom(None).contradicted(Position("from=a&status=paid"), filters) is None
    assert "status" == HalFrom(None).contradicted(Position("from=a"), filters)


class NotifyBackwards(ModelServer):
    """Two pages that point at each other."""

    def page(self, query: str) -> tuple[list[str], str | None]:
        return ([], "?from=a") if query == "from=b" else (["x"], "?from=b")


def test_link_to_an_earlier_page_raises() -> None:
    """A link to a page that was read before raises an error."""
    with pytest.raises(PaginationError, match="read before"):
        read_pages(HalFrom(None), NotifyBackwards())
