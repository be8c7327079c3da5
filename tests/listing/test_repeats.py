"""Each payment is returned once, and no listing goes in circles."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk.errors import PaginationError
from paysdk.events import Event, PageRead, RepeatDropped
from paysdk.listing.repeats import PagesGiven, RequestsMade, find_repeats
from paysdk.providers.campfire.sandbox import CampfireSandbox
from tests.listing.model_server import ModelServer, provider_of, write_query
from tests.listing.sandboxes import Scripted, campfire, ids, list_until_error, truth

if TYPE_CHECKING:
    from collections.abc import Callable


def test_requests_are_remembered_in_eight_bytes() -> None:
    """Each request takes eight bytes, and making it again raises."""
    made = RequestsMade()
    for number in range(500):
        made.add(f"cursor={number}")
    assert (500, 8) == (len(made._made._sorted), made._made._sorted.itemsize)
    for number in (0, 250, 499):
        with pytest.raises(
            PaginationError,
            match=r"never end\. Resume from the checkpoint with a larger page_size, .* provider\.$",
        ):
            made.add(f"cursor={number}")


def test_half_of_a_surrogate_pair_in_a_query_is_remembered() -> None:
    """A query that cannot be encoded in UTF-8 is remembered, too."""
    made = RequestsMade()
    made.add("cursor=\ud800")
    with pytest.raises(PaginationError, match="was read before"):
        made.add("cursor=\ud800")


@attrs.frozen
class Record:
    """A row with the fields that repeats are found by."""

    id: str | int
    modified_at: datetime | None = None
    more: str = ""

    @property
    def raw(self) -> bytes:
        """The bytes of the record."""
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
    """A payment that comes again is a repeat only if it was not changed in between."""
    now, places = find_repeats(rows, before)
    assert expected == places
    assert {row.id: row.modified_at or row.raw for row in rows} == now


def test_same_page_again_raises() -> None:
    """A page with the same rows as an earlier one raises, whatever link led to it."""
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
            match=r"listed before, from .* never end\. Resume from the checkpoint with a larger",
        ) as raised:
            given.add(rows)
        assert (repr(rows[0].id), repr(rows[-1].id)) == raised.value.quoted


async def test_listing_that_goes_in_circles() -> None:
    """A circle of links raises when it closes, however long it is."""
    pages: dict[str, Any] = {
        f"cursor={place or ''}": ([place + 1], f"?cursor={(place + 1) % 30 or ''}")
        for place in range(30)
    }
    async with Scripted(pages=pages) as server, campfire(server) as provider:
        given, error = await list_until_error(provider.list_payments())
        assert isinstance(error, PaginationError)
        assert "was read before" in str(error)
        assert [str(number) for number in range(1, 31)] == given
        assert 30 == len(server.requests)


async def test_repeats_are_dropped_and_changes_returned() -> None:
    """Unchanged payments of the next page are dropped and reported, changed ones returned."""
    later = "2026-02-01T00:00:00Z"
    pages: dict[str, Any] = {
        "cursor=": ([1, 2, 3], "?cursor=b"),
        "cursor=b": ([2, (3, later), 4, 4], "?cursor=c"),
        "cursor=c": ([(3, later), 1, 5], None),
    }
    events: list[Event] = []
    async with (
        Scripted(pages=pages) as server,
        campfire(server, on_event=events.append) as provider,
    ):
        listing = provider.list_payments()
        assert ["1", "2", "3", "3", "4", "1", "5"] == ids(await listing.collect())
    assert (7, 3) == (listing.report.payments, listing.report.repeats_dropped)
    dropped = [event for event in events if isinstance(event, RepeatDropped)]
    assert [("campfire", "2"), ("campfire", "3"), ("campfire", "4")] == sorted(
        (event.provider, event.payment_id) for event in dropped
    )
    read = [event for event in events if isinstance(event, PageRead)]
    assert [("campfire", 1, 3), ("campfire", 2, 2), ("campfire", 3, 2)] == [
        (event.provider, event.number, event.payments) for event in read
    ]
    assert (
        [listing.report.reported_first, listing.report.reported_last]
        == [read[0].reported_count, read[-1].reported_count]
        != [None, None]
    )


async def test_payment_changed_during_a_listing_comes_again() -> None:
    """With a cursor, a payment that was changed comes again at the end, and none is missing."""
    async with CampfireSandbox(payments=6) as sandbox, campfire(sandbox) as provider:
        before = truth(sandbox)
        pages = provider.list_payments(page_size=2).pages()
        payments = list((await anext(pages)).payments)
        sandbox.change_payment(int(before[0]), amount=Decimal("99.99"))
        sandbox.delete_payment(int(before[1]))
        new = sandbox.add_payment()
        async for page in pages:
            payments += page.payments
        assert [*before, before[0], str(new)] == ids(payments)
        assert Decimal("99.99") == payments[-2].amount


@pytest.mark.parametrize(("empty", "whole"), [(4, True), (5, False)])
async def test_empty_pages_go_on_but_not_for_ever(
    empty: int, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing goes on through empty pages, but ends with an error after too many in a row."""
    monkeypatch.setattr("paysdk.listing.repeats._MAX_EMPTY_PAGES", 5)
    server = ModelServer(list(range(30)))

    def stretched(page: dict[str, Any], asked: dict[str, str]) -> None:
        times = int(asked.get("again", "0"))
        if times < empty and len(page["results"]) == 1:
            page["results"], page["next"] = [], f"?{write_query(asked | {'again': str(times + 1)})}"
        elif page["next"] is not None:
            page["next"] = page["next"].replace(f"again={times}", "again=0")

    server.edit = stretched
    listing = provider_of(server).list_payments(page_size=1)
    if whole:
        assert 30 == len(await listing.collect())
    else:
        with pytest.raises(
            PaginationError,
            match=(
                r"the last 5 pages had no new payment\. "
                r"Resume from the checkpoint later, or tell"
            ),
        ):
            await listing.collect()
        assert 5 == listing.report.pages


@pytest.mark.parametrize("loop", [["a"], ["a", "b"]], ids=["A A", "A B A B"])
async def test_cursor_that_comes_again_raises_after_its_payments(loop: list[str]) -> None:
    """A cursor that was used before raises after the payments of its page."""
    server = ModelServer(list(range(30)))
    steps = iter(loop * 3)

    def round_and_round(page: dict[str, Any], _: dict[str, str]) -> None:
        page["next"] = f"?cursor={next(steps)}&limit=10"

    server.edit = round_and_round
    answer = server.answer
    server.answer = lambda query: answer(
        "&".join(part for part in query.split("&") if not part.startswith("cursor="))
        + f"&offset={10 * (len(server.requests) - 1)}"
    )
    listing = provider_of(server).list_payments(page_size=10)
    got: list[str] = []
    with pytest.raises(PaginationError) as caught:
        async for payment in listing:
            got.append(payment.id)  # noqa: PERF401  # what comes before the error counts
    assert 10 * (len(loop) + 1) >= len(got) >= 10 * len(loop)
    assert caught.value.checkpoint is not None
    assert not listing.report.complete


async def test_endless_empty_pages_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    """If there is always another empty page, the listing ends with an error."""
    monkeypatch.setattr("paysdk.listing.repeats._MAX_EMPTY_PAGES", 20)
    server = ModelServer(list(range(5)))

    def on_and_on(page: dict[str, Any], _: dict[str, str]) -> None:
        page["results"] = page["results"] if len(server.requests) == 1 else []
        page["next"] = f"?cursor={len(server.requests)}"

    server.edit = on_and_on
    answer = server.answer
    server.answer = lambda query: answer(query.partition("cursor=")[0])
    listing = provider_of(server).list_payments()
    with pytest.raises(PaginationError, match="the last 20 pages had no new payment") as caught:
        await listing.collect()
    assert 5 == listing.report.payments
    assert caught.value.url is not None


@pytest.mark.parametrize("period", [1, 2, 3], ids=["A A A", "A B A B", "A B C A B C"])
async def test_new_cursors_to_the_same_pages_raise(
    period: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If new cursors lead to the same pages again, the listing ends with an error."""
    monkeypatch.setattr("paysdk.listing.repeats._MAX_EMPTY_PAGES", 20)
    server = ModelServer(list(range(30)))
    numbers = count()

    def answer(query: str, answer: Callable[[str], bytes] = server.answer) -> bytes:
        page = json.loads(
            answer(
                f"{query.partition('cursor=')[0]}limit=10&offset={10 * (next(numbers) % period)}"
            )
        )
        return json.dumps(page | {"next": f"?cursor={len(server.requests)}&limit=10"}).encode()

    server.answer = answer
    listing = provider_of(server).list_payments(page_size=10)
    with pytest.raises(PaginationError) as caught:
        await listing.collect()
    assert 10 * period <= listing.report.payments <= 10 * (period + 1)
    assert caught.value.url is not None
