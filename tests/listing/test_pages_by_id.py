"""Listings of Notify, from a server in memory that changes and has every form of link."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk import (
    MalformedResponseError,
    NotFoundError,
    NotifyProvider,
    PaginationError,
    PaysdkError,
)
from paysdk.transport.messages import RawResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.records.page import RawPage
    from paysdk.transport.messages import Request
    from paysdk.transport.observer import RequestStats

# The target of a link: the first id of the next page, the last of this one, or the first of this
# one.
FORMS = ("next", "last", "first")
LOOKS = (
    "https://api.notify.cm/v2/payments?from={}",
    "http://elsewhere.example/?x=1&from={}",
    "/v2/payments?from={}&limit=1",
    "?from={}",
)
ENDS: tuple[Any, ...] = (
    {},
    {"links": None},
    {"links": {}},
    {"links": {"next": None}},
    {"links": {"next": {"href": None}}},
)
# The response if the payment to start from was deleted. No document says which of these it is.
GONE = ("404", "empty", "behind")


class ModelServer:
    """Notify's list of payments in memory. ``between`` is called before each response."""

    def __init__(self, count: int, forms: list[str], gone: str, dice: random.Random) -> None:
        # Deleted payments keep their place, but are not listed.
        self.order = [f"p{number}" for number in range(count)]
        self.deleted: set[str] = set()
        self.amounts = dict.fromkeys(self.order, 1)
        self.linked: str | None = None
        self.answers = 0
        self.between: Callable[[], None] = lambda: None
        self.spoilt: Callable[[str], str | None] = lambda link: link
        self._forms = forms
        self._gone = gone
        self._dice = dice

    def standing(self) -> list[str]:
        return [one for one in self.order if one not in self.deleted]

    def add(self, place: int) -> None:
        self.order.insert(place, f"p{len(self.order)}")
        self.amounts[self.order[place]] = 1

    async def call(
        self,
        request: Request,
        _authorization: object,
        read: Callable[[RawResponse], RawPage],
        stats: RequestStats,
        *_: object,
        **_settings: object,
    ) -> RawPage:
        stats.requests += 1
        await asyncio.sleep(0)
        self.between()
        self.answers += 1
        return read(
            RawResponse(200, {}, json.dumps(self.page(dict(parse_qsl(request.query)))).encode())
        )

    def page(self, asked: dict[str, str]) -> dict[str, Any]:
        start, limit = asked.get("from"), int(asked.get("limit", "3"))
        if start in self.deleted and self._gone == "404":
            raise NotFoundError("404", status=404)
        if start in self.deleted and self._gone == "empty":
            return {"payments": []}
        rest = [
            one
            for one in self.order[self.order.index(start) if start else 0 :]
            if one not in self.deleted
        ]
        page, behind = rest[:limit], rest[limit:]
        rows = [{"id": one, "amount": self.amounts[one], "invoice": {"id": "i"}} for one in page]
        form = self._forms[self.answers % len(self._forms)]
        if not page or (not behind and (form == "next" or self._dice.random() < 0.5)):
            return {"payments": rows, **self._dice.choice(ENDS)}
        self.linked = {"next": [*behind, ""][0], "last": page[-1], "first": page[0]}[form]
        link = self.spoilt(self._dice.choice(LOOKS).format(self.linked))
        return {"payments": rows, "links": {"next": {"href": link}}}


@attrs.frozen
class Result:
    """What a listing yielded, and the error that ended it, if there was one."""

    pages: list[list[str]]
    error: PaysdkError | None

    @property
    def ids(self) -> list[str]:
        return [one for page in self.pages for one in page]


def provider_of(
    server: object,
    **settings: Any,  # noqa: ANN401  # those of NotifyProvider
) -> NotifyProvider:
    """A provider that sends its requests to *server*."""
    provider = NotifyProvider("sandbox-key", base_url="http://127.0.0.1:1", **settings)
    provider._client._retrying = server  # type: ignore[assignment]  # no network
    return provider


async def list_until_error(
    server: ModelServer,
    **arguments: Any,  # noqa: ANN401  # those of list_payments
) -> Result:
    """List until the end or an error."""
    provider = provider_of(server)
    listing = provider.list_payments(**arguments)
    pages: list[list[str]] = []
    try:
        async for page in listing.pages():
            pages += [[payment.id for payment in page.payments]]
    except PaysdkError as error:
        failure = error
    else:
        assert listing.report.complete
        return Result(pages, None)
    assert not listing.report.complete
    assert bool(pages) is (failure.checkpoint is not None) or "resume" in arguments
    return Result(pages, failure)


counts = st.integers(0, 40)
limits = st.none() | st.integers(1, 9)
forms = st.lists(st.sampled_from(FORMS), min_size=1, max_size=5)
seeds = st.integers(0, 10**6)


@settings(max_examples=300)
@given(count=counts, limit=limits, links=forms, gone=st.sampled_from(GONE), seed=seeds)
def test_changes_during_a_listing_hide_nothing(
    count: int, limit: int | None, links: list[str], gone: str, seed: int
) -> None:
    """Payments that are never deleted come once, or an error names the payment that was deleted."""
    dice = random.Random(seed)
    server = ModelServer(count, links, gone, dice)
    at_first = server.standing()

    def change() -> None:
        standing = server.standing()
        what = dice.choice(
            ["add first", "add", "change", "delete", "delete linked", *["nothing"] * 5]
        )
        if what in {"add first", "add"}:
            server.add(0 if what == "add first" else dice.randrange(len(server.order) + 1))
        elif what == "change" and standing:
            server.amounts[dice.choice(standing)] += 1
        elif what == "delete" and standing:
            server.deleted.add(dice.choice(standing))
        elif what == "delete linked" and server.linked in standing:
            server.deleted.add(str(server.linked))

    server.between = change
    result = asyncio.run(list_until_error(server, page_size=limit))
    assert sorted(set(result.ids)) == sorted(result.ids)
    if result.error is None:
        assert [] == sorted(set(at_first) - server.deleted - set(result.ids))
    else:
        # If nothing follows it either, the two cases look the same.
        assert {"404": NotFoundError, "empty": PaginationError, "behind": PaginationError}[
            gone
        ] is type(result.error)
        assert server.deleted


@settings(max_examples=200)
@given(count=counts, limit=limits, links=forms, seed=seeds)
def test_bad_links_lose_nothing(count: int, limit: int | None, links: list[str], seed: int) -> None:
    """After a bad link, the checkpoint of the error leads to the rest."""
    dice = random.Random(seed)
    server = ModelServer(count, links, "404", dice)

    def spoilt(link: str) -> str | None:
        return (
            dice.choice(["https://[::1", "/v2/payments?limit=2", "0"])
            if dice.random() < 0.2
            else link
        )

    async def both() -> tuple[Result, Result]:
        first = await list_until_error(server, page_size=limit)
        server.spoilt = lambda link: link
        if first.error is None:
            return first, Result([], None)
        assert isinstance(first.error, PaginationError)
        return first, await list_until_error(server, resume=first.error.checkpoint)

    server.spoilt = spoilt
    first, rest = asyncio.run(both())
    assert rest.error is None
    # After a bad link the listing resumes at its page, which was the last one returned.
    again = set(first.pages[-1]) if first.error else set[str]()
    assert server.order == [*first.ids, *(one for one in rest.ids if one not in again)]


@pytest.mark.parametrize("gone", ["404", "empty"])
async def test_deleted_start_of_a_page_is_an_error(gone: str) -> None:
    """If the payment that a page starts from was deleted, the listing raises an error."""
    server = ModelServer(9, ["next"], gone, random.Random(1))
    server.between = lambda: server.deleted.add(server.linked) if server.linked == "p6" else None
    result = await list_until_error(server, page_size=3)
    assert [f"p{number}" for number in range(6)] == result.ids
    assert result.error is not None
    assert result.error.checkpoint is not None


@attrs.frozen
class Script:
    """Returns a given page for each query: its ids, with ``None`` for a malformed record."""

    pages: dict[str, tuple[list[str | None], str | None]]
    amount: object = 1

    async def call(
        self,
        request: Request,
        _authorization: object,
        read: Callable[[RawResponse], RawPage],
        *_: object,
        **_settings: object,
    ) -> RawPage:
        ids, link = self.pages[request.query]
        rows = [
            {} if one is None else {"id": one, "amount": self.amount, "invoice": {"id": "i"}}
            for one in ids
        ]
        return read(
            RawResponse(
                200, {}, json.dumps({"payments": rows, "links": {"next": {"href": link}}}).encode()
            )
        )


async def test_page_of_malformed_records_that_links_to_itself_is_an_error() -> None:
    """The id of a malformed record does not end the listing."""
    pages: dict[str, tuple[list[str | None], str | None]] = {
        query: (["a"], "?from=a") for query in ("", "from=a")
    }
    server = Script(pages, amount="?")
    listing = provider_of(server, on_malformed=lambda _error: None).list_payments()
    with pytest.raises(PaginationError, match="read before"):
        await listing.collect()


async def test_equal_malformed_records_in_overlaps_are_reported_once_each() -> None:
    """Of equal malformed records, each is reported once, with the page where it came first."""
    aside: list[MalformedResponseError] = []
    server = Script(
        {"": (["a", None, None], "?from=a"), "from=a": (["a", None, None, None, "b"], None)}
    )
    payments = await provider_of(server, on_malformed=aside.append).list_payments().collect()
    assert ["a", "b"] == [payment.id for payment in payments]
    url = "http://127.0.0.1:1/v2/payments"
    assert [("notify", "GET", url), ("notify", "GET", url), ("notify", "GET", f"{url}?from=a")] == [
        (error.provider, error.method, error.url) for error in aside
    ]
