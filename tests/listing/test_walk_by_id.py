"""Listings that go on from an id, over a server in memory that changes while they go on and links in every way that has been seen."""

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
from paysdk.transport.messages import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.records.page import RawPage
    from paysdk.transport.messages import Request
    from paysdk.transport.observer import RequestStats

# Where a link points: at the first id of the next page, the last of this one, or the first of this
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
# What comes where the id to start from was deleted, which no document says: a 404, nothing, or what
# stood behind it.
GONE = ("404", "empty", "behind")


class ModelServer:
    """List payments, in memory. ``from`` is inclusive; ``between`` is called before each answer."""

    def __init__(self, count: int, forms: list[str], gone: str, dice: random.Random) -> None:
        # Those that were deleted keep their place, which nobody can see.
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
        read: Callable[[Response], RawPage],
        stats: RequestStats,
        *_: object,
        **_settings: object,
    ) -> RawPage:
        stats.requests += 1
        await asyncio.sleep(0)
        self.between()
        self.answers += 1
        return read(
            Response(200, {}, json.dumps(self.page(dict(parse_qsl(request.query)))).encode())
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
class Walked:
    """What a listing gave, and the error that ended it, if one did."""

    pages: list[list[str]]
    error: PaysdkError | None

    @property
    def ids(self) -> list[str]:
        return [one for page in self.pages for one in page]


def provider_of(server: object, **settings: Any) -> NotifyProvider:  # noqa: ANN401  # those of NotifyProvider
    """A provider whose requests go to *server*."""
    provider = NotifyProvider("sandbox-key", base_url="http://127.0.0.1:1", **settings)
    provider._client._retrying = server  # type: ignore[assignment]  # in the place of all that would use the network
    return provider


async def walked(server: ModelServer, **arguments: Any) -> Walked:  # noqa: ANN401  # those of list_payments
    """Walk until the end or an error."""
    provider = provider_of(server)
    listing = provider.list_payments(**arguments)
    pages: list[list[str]] = []
    try:
        async for page in listing.pages():
            pages.append([payment.id for payment in page.payments])  # noqa: PERF401  # what comes before the error counts
    except PaysdkError as error:
        failure = error
    else:
        assert listing.report.complete
        return Walked(pages, None)
    assert not listing.report.complete
    assert bool(pages) is (failure.checkpoint is not None) or "resume" in arguments
    return Walked(pages, failure)


counts = st.integers(0, 40)
limits = st.none() | st.integers(1, 9)
forms = st.lists(st.sampled_from(FORMS), min_size=1, max_size=5)
seeds = st.integers(0, 10**6)


@settings(max_examples=300)
@given(count=counts, limit=limits, links=forms, gone=st.sampled_from(GONE), seed=seeds)
def test_what_stands_throughout_is_listed_while_records_change(
    count: int, limit: int | None, links: list[str], gone: str, seed: int
) -> None:
    """Payments that are there from beginning to end are given once, or an error says that the one to go on from was deleted."""
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
    result = asyncio.run(walked(server, page_size=limit))
    assert sorted(set(result.ids)) == sorted(result.ids)
    if result.error is None:
        assert [] == sorted(set(at_first) - server.deleted - set(result.ids))
    else:
        # Where nothing stood behind it either, there is no telling.
        assert {"404": NotFoundError, "empty": PaginationError, "behind": PaginationError}[
            gone
        ] is type(result.error)
        assert server.deleted


@settings(max_examples=200)
@given(count=counts, limit=limits, links=forms, seed=seeds)
def test_links_that_go_wrong_lose_nothing(
    count: int, limit: int | None, links: list[str], seed: int
) -> None:
    """Where a link leads nowhere, what came before it was given, and what comes after it can be had from the checkpoint of the error."""
    dice = random.Random(seed)
    server = ModelServer(count, links, "404", dice)

    def spoilt(link: str) -> str | None:
        return (
            dice.choice(["https://[::1", "/v2/payments?limit=2", "0"])
            if dice.random() < 0.2
            else link
        )

    async def both() -> tuple[Walked, Walked]:
        first = await walked(server, page_size=limit)
        server.spoilt = lambda link: link
        if first.error is None:
            return first, Walked([], None)
        assert isinstance(first.error, PaginationError)
        return first, await walked(server, resume=first.error.checkpoint)

    server.spoilt = spoilt
    first, rest = asyncio.run(both())
    assert rest.error is None
    # The only way on from a link that went wrong is through its page, the last that was given.
    again = set(first.pages[-1]) if first.error else set[str]()
    assert server.order == [*first.ids, *(one for one in rest.ids if one not in again)]


@pytest.mark.parametrize("gone", ["404", "empty"])
async def test_start_of_a_page_that_is_gone_is_an_error(gone: str) -> None:
    """A listing whose next page would start from a payment that was deleted meanwhile does not pass for complete."""
    server = ModelServer(9, ["next"], gone, random.Random(1))
    server.between = lambda: server.deleted.add(server.linked) if server.linked == "p6" else None
    result = await walked(server, page_size=3)
    assert [f"p{number}" for number in range(6)] == result.ids
    assert result.error is not None
    assert result.error.checkpoint is not None


@attrs.frozen
class Script:
    """Gives each query the page that a test wrote: the ids on it, with ``None`` for a record that cannot be read, and its link."""

    pages: dict[str, tuple[list[str | None], str | None]]

    async def call(
        self,
        request: Request,
        _authorization: object,
        read: Callable[[Response], RawPage],
        *_: object,
        **_settings: object,
    ) -> RawPage:
        ids, link = self.pages[request.query]
        rows = [
            {} if one is None else {"id": one, "amount": 1, "invoice": {"id": "i"}} for one in ids
        ]
        return read(
            Response(
                200, {}, json.dumps({"payments": rows, "links": {"next": {"href": link}}}).encode()
            )
        )


async def test_unreadable_records_where_pages_overlap_are_told_once_each() -> None:
    """Of unreadable records that are all alike, as many are told as there are, and each where it was met first."""
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
