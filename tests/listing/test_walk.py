"""Listings over a server in memory that changes while they go on, in one chain and side by side."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import chain, count, pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paysdk import CampfireProvider, PaginationError, RequestTimeoutError, ServerError
from paysdk.checkpoint import Checkpoint
from paysdk.transport.messages import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk import Payment
    from paysdk.records.page import RawPage
    from paysdk.transport.messages import Request
    from paysdk.transport.observer import RequestStats

Paging: TypeAlias = Literal["cursor", "offset"]

START = datetime(2025, 1, 1, tzinfo=UTC)


class ModelServer:
    """List Invoice Payments as documented, in memory, with a keyset for a cursor.

    ``between`` is called before each answer.
    """

    def __init__(self, times: list[int]) -> None:
        self.rows = dict(enumerate(sorted(times), start=1))
        self.voided: set[int] = set()
        self.clock = max(times, default=0)
        self.requests: list[str] = []
        self.flying = self.most_flying = 0
        self.latency = self.lag = 0.0
        self.between: Callable[[], None] = lambda: None
        self.edit: Callable[[dict[str, Any], dict[str, str]], None] = lambda _page, _query: None

    def ordered(self) -> list[tuple[int, int]]:
        return sorted((time, number) for number, time in self.rows.items())

    def touch(self, number: int) -> None:
        self.clock += 1
        self.rows[number] = self.clock

    def record(self, number: int, time: int) -> dict[str, Any]:
        voided = "2025-01-31" if number in self.voided else None
        return {
            "id": number,
            "invoice_id": 1,
            "amount": 1,
            "voided_date": voided,
            "last_modified_at": _stamp(time),
        }

    async def call(
        self,
        request: Request,
        _authorization: object,
        read: Callable[[Response], RawPage],
        stats: RequestStats,
        *_: object,
        **_settings: object,
    ) -> RawPage:
        stats.requests += 1
        self.requests.append(request.query)
        self.flying += 1
        self.most_flying = max(self.flying, self.most_flying)
        await asyncio.sleep(self.latency if "gte" in request.query else self.latency + self.lag)
        self.between()
        self.flying -= 1
        return read(Response(200, {}, self.answer(request.query)))

    def answer(self, query: str) -> bytes:
        asked = dict(parse_qsl(query, keep_blank_values=True))
        rows = [
            row
            for row in self.ordered()
            if _second(asked, "gte", 0) <= row[0] <= _second(asked, "lte", 10**9)
        ]
        count, limit = len(rows), int(asked.get("limit", "100"))
        if asked.get("cursor"):
            rows = [row for row in rows if row > tuple(json.loads(asked["cursor"]))]
        first = int(asked.get("offset", "0"))
        part = rows[first : first + limit]
        following = (
            {"cursor": json.dumps(part[-1])}
            if "cursor" in asked and part
            else {"offset": str(first + limit)}
        )
        page = {
            "count": count,
            "results": [self.record(number, time) for time, number in part],
            "next": f"http://elsewhere.example/?{_query(asked | following)}"
            if first + limit < len(rows)
            else None,
        }
        self.edit(page, asked)
        return json.dumps(page).encode()


def _quoted(value: str) -> str:
    return (
        value.replace("%", "%25")
        .replace("[", "%5B")
        .replace("]", "%5D")
        .replace(" ", "%20")
        .replace(",", "%2C")
        .replace("+", "%2B")
    )


def _query(asked: dict[str, str]) -> str:
    return "&".join(f"{name}={_quoted(value)}" for name, value in asked.items())


def _second(asked: dict[str, str], bound: str, default: int) -> int:
    text = asked.get(f"last_modified_at__{bound}")
    return default if text is None else int((datetime.fromisoformat(text) - START).total_seconds())


def _stamp(time: int) -> str:
    return (START + timedelta(seconds=time)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def provider_of(server: ModelServer, deadline: float | None = None) -> CampfireProvider:
    """A provider whose requests go to *server*."""
    provider = CampfireProvider("sandbox-key", base_url="http://127.0.0.1:1", deadline=deadline)
    provider._client._retrying = server  # type: ignore[assignment]  # in the place of all that would use the network
    return provider


def seen(payments: list[Payment]) -> list[tuple[str, datetime | None]]:
    """Which payments came, in which state."""
    return [(payment.id, payment.modified_at) for payment in payments]


def voided_in(payments: list[Payment]) -> set[str]:
    """The ids of those that are voided, as they came last."""
    return {
        payment.id
        for payment in {payment.id: payment for payment in payments}.values()
        if payment.is_voided
    }


def collected(server: ModelServer, **arguments: Any) -> list[Payment]:  # noqa: ANN401  # those of list_payments
    """A listing of *server*, whole."""

    async def walk() -> list[Payment]:
        return await provider_of(server).list_payments(**arguments).collect()

    return asyncio.run(walk())


times = st.lists(st.integers(min_value=0, max_value=60), max_size=60) | st.lists(
    st.integers(0, 2), max_size=60
)


@given(
    times=times,
    page_size=st.integers(1, 15),
    concurrency=st.integers(1, 9),
    pagination=st.sampled_from(["cursor", "offset"]),
)
def test_every_payment_comes_once(
    times: list[int], page_size: int, concurrency: int, pagination: Paging
) -> None:
    """A listing that nothing changes gives every payment once, whatever the page size, the pagination and the concurrency."""

    async def walk() -> list[Payment]:
        listing = provider_of(server).list_payments(
            page_size=page_size, concurrency=concurrency, pagination=pagination
        )
        payments = await listing.collect()
        assert listing.report.complete
        assert listing.report.requests == len(server.requests)
        return payments

    server = ModelServer(times)
    expected = [str(number) for _, number in server.ordered()]
    got = [payment.id for payment in asyncio.run(walk())]
    assert expected == (
        got if concurrency == 1 or pagination == "offset" else sorted(got, key=expected.index)
    )


@given(
    times=times,
    page_size=st.integers(1, 9),
    concurrency=st.integers(1, 6),
    seed=st.integers(0, 10**6),
)
@example(
    times=[0] * 8, page_size=3, concurrency=2, seed=197
)  # the last window's page is answered before the first's, and read after it
def test_what_stands_throughout_is_listed_while_records_change(
    times: list[int], page_size: int, concurrency: int, seed: int
) -> None:
    """Payments that are there from beginning to end are given, and none twice in one state, whatever is done to others meanwhile."""
    dice = random.Random(seed)
    server = ModelServer(times)
    at_first = set(server.rows)

    def change() -> None:
        if server.rows and len(server.requests) < 60:
            what = dice.choice(["touch", "void", "add", "delete", "nothing", "nothing"])
            if what in {"touch", "void"}:
                number = dice.choice(list(server.rows))
                server.touch(number)
                server.voided |= {number} if what == "void" else set()
            elif what == "delete":
                del server.rows[dice.choice(list(server.rows))]
            elif what == "add":
                server.touch(max(server.rows) + 1000)

    server.between = change
    payments = collected(server, page_size=page_size, concurrency=concurrency)
    got = seen(payments)
    assert [] == sorted(
        {str(number) for number in at_first & set(server.rows)} - {number for number, _ in got}
    )
    assert sorted(set(got)) == sorted(got)
    if concurrency == 1:
        # In one chain what moves to the end is always met there, as it was left.
        assert {
            (str(number), START + timedelta(seconds=time)) for number, time in server.rows.items()
        } <= set(got)
        assert {str(number) for number in server.voided} <= voided_in(payments) | {
            str(number) for number in server.voided - set(server.rows)
        }


@given(
    times=times,
    page_size=st.integers(1, 9),
    concurrency=st.integers(1, 6),
    seed=st.integers(0, 10**6),
)
def test_additions_are_listed_by_offset(
    times: list[int], page_size: int, concurrency: int, seed: int
) -> None:
    """Payments that are added while a listing goes on by offset neither hide others nor make them come twice."""
    dice = random.Random(seed)
    server = ModelServer(times)
    at_first = [str(number) for _, number in server.ordered()]

    def add() -> None:
        if dice.random() < 0.5 and len(server.requests) < 60:
            server.touch(max(server.rows, default=0) + 1)

    server.between = add
    got = [
        payment.id
        for payment in collected(
            server, page_size=page_size, concurrency=concurrency, pagination="offset"
        )
    ]
    assert at_first == got[: len(at_first)]
    assert sorted(set(got)) == sorted(got)


LOOKS = (
    "http://elsewhere.example/?{}",
    "https://api.meetcampfire.com/coa/api/v1/invoice-payments?{}",
    "/?{}",
    "?{}",
    "//[::1]:9/x?{}#y",
)


@settings(max_examples=200)
@given(
    times=times,
    page_size=st.integers(1, 15),
    concurrency=st.integers(1, 6),
    pagination=st.sampled_from(["cursor", "offset"]),
    seed=st.integers(0, 10**6),
)
def test_links_of_every_kind_lose_nothing(
    times: list[int], page_size: int, concurrency: int, pagination: Paging, seed: int
) -> None:
    """Wherever links point, and whatever pages are empty, a listing is whole, or is made whole from the error of a link that went wrong."""
    dice = random.Random(seed)
    server = ModelServer(times)

    def relink(page: dict[str, Any], asked: dict[str, str]) -> None:
        here = _query(asked)
        if page["next"] is None:
            if dice.random() < 0.5:
                del page["next"]
        elif dice.random() < 0.1:
            before = dice.choice(server.requests) if concurrency == 1 else here
            page["next"] = dice.choice(
                ["https://[::1", f"?limit={page_size}", f"?{here}", f"?{before}"]
            )
        elif dice.random() < 0.2 and ("cursor" in asked or "offset" in asked):
            page["results"], page["next"] = (
                [],
                f"?{_query(asked | {'again': str(len(server.requests))})}",
            )
        else:
            page["next"] = dice.choice(LOOKS).format(page["next"].partition("?")[2])

    async def walk() -> tuple[list[list[str]], list[str]]:
        provider = provider_of(server)
        listing = provider.list_payments(
            page_size=page_size, concurrency=concurrency, pagination=pagination
        )
        pages: list[list[str]] = [[]]
        try:
            async for page in listing.pages():
                pages.append([payment.id for payment in page.payments])  # noqa: PERF401  # what comes before the error counts
        except PaginationError as error:
            checkpoint = error.checkpoint
        else:
            assert listing.report.complete
            return pages, []
        assert checkpoint is not None
        assert not listing.report.complete
        server.edit = lambda _page, _query: None
        return pages, [
            payment.id for payment in await provider.list_payments(resume=checkpoint).collect()
        ]

    server.edit = relink
    pages, resumed = asyncio.run(walk())
    *others, before = pages
    # The only way on from a link that went wrong is through its page, the last that was given.
    resumed = [number for number in resumed if number not in before]
    assert sorted(str(number) for number in server.rows) == sorted(
        [*chain.from_iterable(others), *before, *resumed]
    )


@given(
    times=times,
    page_size=st.integers(1, 9),
    concurrency=st.integers(1, 6),
    pagination=st.sampled_from(["cursor", "offset"]),
    stop=st.integers(0, 20),
)
def test_a_checkpoint_gives_exactly_the_rest(
    times: list[int], page_size: int, concurrency: int, pagination: Paging, stop: int
) -> None:
    """What was given before a page's checkpoint and what a listing resumed there gives are together every payment once."""

    async def walk() -> list[str]:
        provider = provider_of(server)
        got: list[str] = []
        listing = provider.list_payments(
            page_size=page_size, concurrency=concurrency, pagination=pagination
        )
        number = 0
        async for page in listing.pages():
            got += [payment.id for payment in page.payments]
            if number == stop and page.checkpoint is not None:
                got += [
                    payment.id
                    for payment in await provider.list_payments(
                        resume=str(page.checkpoint), concurrency=concurrency
                    ).collect()
                ]
                break
            number += 1
        return got

    server = ModelServer(times)
    assert sorted(str(number) for number in server.rows) == sorted(asyncio.run(walk()))


async def test_the_open_end_is_looked_at_again_when_the_windows_are_done() -> None:
    """A payment that is modified before its window gets to it, and after the last window had ended, is met at the end all the same."""
    server = ModelServer(list(range(200)))
    server.lag = 0.003
    late = 95

    def touch_when_the_last_window_has_ended(page: dict[str, Any], asked: dict[str, str]) -> None:
        if (
            page["next"] is None
            and "last_modified_at__gte" in asked
            and "last_modified_at__lte" not in asked
            and server.rows[late] < 100
        ):
            server.touch(late)

    server.edit = touch_when_the_last_window_has_ended
    payments = await provider_of(server).list_payments(page_size=10, concurrency=2).collect()
    assert [str(number) for number in range(1, 201)] == sorted(
        (payment.id for payment in payments), key=int
    )


@pytest.mark.parametrize("concurrency", [2, 4])
@pytest.mark.parametrize("pagination", ["cursor", "offset"])
async def test_only_so_many_pages_are_on_their_way(pagination: Paging, concurrency: int) -> None:
    """No more requests are on their way at a time than ``concurrency`` says, but as many are."""
    server = ModelServer(list(range(500)))
    server.latency = 0.001
    await (
        provider_of(server)
        .list_payments(page_size=10, concurrency=concurrency, pagination=pagination)
        .collect()
    )
    assert concurrency == server.most_flying


async def test_a_listing_is_cut_where_its_rows_are() -> None:
    """Each walker but the first gets a window that begins where an even share of the rows does, and reads it to its end."""
    server = ModelServer(list(range(420)))
    await provider_of(server).list_payments(page_size=10, concurrency=4).collect()
    windows = {
        query.partition("last_modified_at__gte=")[2]
        for query in server.requests
        if query.startswith("cursor=&") and "gte" in query
    }
    cut = [_stamp(second).replace("+0000", "Z") for second in (120, 220, 320)]
    bounds = [f"{start}&last_modified_at__lte={end}" for start, end in pairwise(cut)]
    assert {*bounds, cut[-1]} == windows


async def test_the_end_is_looked_at_once_more_and_not_over_and_over() -> None:
    """While other windows are being read, the end of the last one waits for them."""
    server = ModelServer(list(range(200)))
    server.lag = 0.003
    provider = provider_of(server)
    listing = provider.list_payments(page_size=10, concurrency=2)
    await listing.collect()
    assert 2 >= max(Counter(server.requests).values())
    assert listing.report.requests == len(server.requests) <= 25
    assert not provider._client._tasks


@pytest.mark.parametrize("pagination", ["cursor", "offset"])
async def test_no_page_is_asked_for_side_by_side_in_vain(pagination: Paging) -> None:
    """Where a few payments are enough, ``concurrency`` makes no more requests."""
    server = ModelServer(list(range(500)))
    listing = provider_of(server).list_payments(page_size=10, concurrency=4, pagination=pagination)
    assert 3 == len(await listing.collect(limit=3))
    assert await listing.first() is not None
    assert 2 == len(server.requests)


@pytest.mark.parametrize(("empty", "whole"), [(4, True), (5, False)])
async def test_empty_pages_go_on_but_not_for_ever(
    empty: int, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of empty pages is passed over up to a bound, which pages with payments begin anew; beyond it the listing ends with an error."""
    monkeypatch.setattr("paysdk.listing.repeats._MAX_EMPTY_PAGES", 5)
    server = ModelServer(list(range(30)))

    def stretched(page: dict[str, Any], asked: dict[str, str]) -> None:
        times = int(asked.get("again", "0"))
        if times < empty and len(page["results"]) == 1:
            page["results"], page["next"] = [], f"?{_query(asked | {'again': str(times + 1)})}"
        elif page["next"] is not None:
            page["next"] = page["next"].replace(f"again={times}", "again=0")

    server.edit = stretched
    listing = provider_of(server).list_payments(page_size=1)
    if whole:
        assert 30 == len(await listing.collect())
    else:
        with pytest.raises(
            PaginationError,
            match=r"the last 5 pages had no new payment\. Resume from the checkpoint later, or tell",
        ):
            await listing.collect()
        assert 5 == listing.report.pages


async def test_one_page_is_read_ahead() -> None:
    """While a page is used the next one is asked for, and no further."""
    server = ModelServer(list(range(50)))
    pages = provider_of(server).list_payments(page_size=10).pages()
    await anext(pages)
    await asyncio.sleep(0.01)
    assert 2 == len(server.requests)
    await pages.aclose()  # type: ignore[attr-defined]  # an async generator, which the protocol does not promise


async def test_guesses_give_way_to_the_links() -> None:
    """Offset pages that were asked for side by side are dropped where the provider's pages are shorter than was asked for."""
    server = ModelServer(list(range(100)))

    def shorter(page: dict[str, Any], asked: dict[str, str]) -> None:
        first = int(asked.get("offset", "0"))
        page["results"] = page["results"][:7]
        page["next"] = f"?limit=10&offset={first + 7}" if first + 7 < 100 else None

    server.edit = shorter
    payments = (
        await provider_of(server)
        .list_payments(page_size=10, concurrency=4, pagination="offset")
        .collect()
    )
    assert [str(number) for _, number in server.ordered()] == [payment.id for payment in payments]


async def test_without_a_count_a_listing_is_one_chain() -> None:
    """Where the provider sends no count there is nothing to cut by, and the listing comes in order, one page after another."""
    server = ModelServer(list(range(100)))
    server.edit = lambda page, _: page.pop("count")
    payments = await provider_of(server).list_payments(page_size=10, concurrency=4).collect()
    assert [str(number) for _, number in server.ordered()] == [payment.id for payment in payments]


async def test_the_first_page_does_not_wait_for_the_cuts() -> None:
    """A page is given as soon as it is there, also while the provider still counts."""
    server = ModelServer(list(range(100)))
    counted = asyncio.Event()
    call = server.call

    async def slow_to_count(
        request: Request,
        *rest: Any,  # noqa: ANN401  # as call
        **named: Any,  # noqa: ANN401  # as call
    ) -> RawPage:
        if request.query == "limit=1":
            await counted.wait()
        return await call(request, *rest, **named)

    server.call = slow_to_count  # type: ignore[method-assign]
    pages = provider_of(server).list_payments(page_size=10, concurrency=4).pages()
    async with asyncio.timeout(60):
        first = await anext(pages)
    counted.set()
    payments = [*first.payments, *[payment async for page in pages for payment in page.payments]]
    assert sorted(str(number) for number in server.rows) == sorted(
        payment.id for payment in payments
    )


async def test_deadline_names_the_page_that_it_ended() -> None:
    """Where several pages are waited for, an error names the first of them."""
    server = ModelServer(list(range(100)))
    server.latency = 5
    with pytest.raises(RequestTimeoutError) as caught:
        await (
            provider_of(server, deadline=0.01).list_payments(page_size=10, concurrency=4).collect()
        )
    assert "http://127.0.0.1:1/coa/api/v1/invoice-payments?cursor=&limit=10" == caught.value.url


async def test_a_failed_cut_costs_nothing_but_speed() -> None:
    """Where asking for the cuts fails, the listing goes on as one chain."""
    server = ModelServer(list(range(100)))
    answer = server.answer

    def failing(query: str) -> bytes:
        if query == "limit=1":
            raise ServerError("503", status=503)
        return answer(query)

    server.answer = failing  # type: ignore[method-assign]
    payments = await provider_of(server).list_payments(page_size=10, concurrency=4).collect()
    assert [str(number) for _, number in server.ordered()] == [payment.id for payment in payments]


async def test_a_window_that_fails_leaves_the_others_in_the_checkpoint() -> None:
    """An error in one of the windows carries a checkpoint from which every window goes on."""
    server = ModelServer(list(range(300)))
    answer = server.answer
    provider = provider_of(server)

    def failing(query: str) -> bytes:
        if len(server.requests) > 20:
            raise ServerError("503", status=503)
        return answer(query)

    server.answer = failing  # type: ignore[method-assign]
    got: list[str] = []
    with pytest.raises(ServerError) as caught:
        async for payment in provider.list_payments(page_size=10, concurrency=4):
            got.append(payment.id)  # noqa: PERF401  # what comes before the error counts
    server.answer = answer  # type: ignore[method-assign]
    assert caught.value.checkpoint is not None
    assert ("campfire", "GET") == (caught.value.provider, caught.value.method)
    got += [
        payment.id
        for payment in await provider.list_payments(resume=caught.value.checkpoint).collect()
    ]
    assert sorted(str(number) for number in server.rows) == sorted(got)


@pytest.mark.parametrize("loop", [["a"], ["a", "b"]], ids=["A A", "A B A B"])
async def test_cursors_that_go_round_end_the_listing(loop: list[str]) -> None:
    """A cursor that was followed before raises, after the payments that came with it, and with a checkpoint."""
    server = ModelServer(list(range(30)))
    steps = iter(loop * 3)

    def round_and_round(page: dict[str, Any], _: dict[str, str]) -> None:
        page["next"] = f"?cursor={next(steps)}&limit=10"

    server.edit = round_and_round
    server.answer = lambda query, answer=server.answer: answer(  # type: ignore[method-assign,misc]
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


async def test_records_on_few_timestamps_come_whole() -> None:
    """Thousands of payments that share three timestamps are given once each, side by side or not."""
    server = ModelServer([1] * 700 + [2] * 600 + [3] * 700)
    payments = await provider_of(server).list_payments(page_size=50, concurrency=8).collect()
    assert sorted(str(number) for number in server.rows) == sorted(
        payment.id for payment in payments
    )


async def test_leaving_ends_what_is_under_way() -> None:
    """Leaving a walk in windows leaves no task behind."""
    server = ModelServer(list(range(500)))
    pages = provider_of(server).list_payments(page_size=10, concurrency=8).pages()
    async for page in pages:
        if page.payments:
            break
    await pages.aclose()  # type: ignore[attr-defined]  # an async generator, which the protocol does not promise
    assert {asyncio.current_task()} == asyncio.all_tasks()


async def test_links_that_lead_on_and_on_end_the_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty pages go on, but not for ever: where so many in a row bring nothing new, the listing ends with an error and a checkpoint."""
    monkeypatch.setattr("paysdk.listing.repeats._MAX_EMPTY_PAGES", 20)
    server = ModelServer(list(range(5)))

    def on_and_on(page: dict[str, Any], _: dict[str, str]) -> None:
        page["results"] = page["results"] if len(server.requests) == 1 else []
        page["next"] = f"?cursor={len(server.requests)}"

    server.edit = on_and_on
    server.answer = lambda query, answer=server.answer: answer(query.partition("cursor=")[0])  # type: ignore[method-assign,misc]
    listing = provider_of(server).list_payments()
    with pytest.raises(PaginationError, match="the last 20 pages had no new payment") as caught:
        await listing.collect()
    assert 5 == listing.report.payments
    assert caught.value.url is not None


@pytest.mark.parametrize("period", [1, 2, 3], ids=["A A A", "A B A B", "A B C A B C"])
async def test_ever_new_links_to_the_same_pages_end_the_listing(
    period: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages that come round under ever new cursors end the listing with an error, soon after all of them were given."""
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

    server.answer = answer  # type: ignore[method-assign]
    listing = provider_of(server).list_payments(page_size=10)
    with pytest.raises(PaginationError) as caught:
        await listing.collect()
    assert 10 * period <= listing.report.payments <= 10 * (period + 1)
    assert caught.value.url is not None


async def test_what_was_given_of_a_window_is_a_repeat_only_unchanged() -> None:
    """A position knows when what was given at its edge was modified: the same comes once, and a change since is given."""
    server = ModelServer([5, 5, 9])
    position = json.dumps(
        [["/coa/api/v1/invoice-payments?cursor=&limit=10", [1, 2, 3], "2025-01-01T00:00:05Z"]]
    )
    listing = provider_of(server).list_payments(resume=Checkpoint("campfire", "", position))
    assert ["3"] == [payment.id for payment in await listing.collect()]
    assert 2 == listing.report.repeats_dropped
