"""Moneybird's sandbox responds as Moneybird's documents say."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
import pytest

from paysdk_moneybird.sandbox import MoneybirdSandbox


class Answer(msgspec.Struct):
    """A response: its status, its headers, and what its JSON says."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def ids(self) -> list[str]:
        """The ids of its records."""
        return [record["id"] for record in self.body]


async def ask(
    sandbox: MoneybirdSandbox,
    path: str = "",
    query: Mapping[str, str] | None = None,
    *,
    key: str | None = None,
    ids: list[int] | None = None,
) -> Answer:
    """Send a GET below ``sales_invoices``, or a POST of *ids*."""
    url = f"{sandbox.url}/api/v2/{sandbox.administration_id}/sales_invoices{path}.json"
    headers = {"Authorization": f"Bearer {key or sandbox.api_key}"}
    body = None if ids is None else {"ids": ids}
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            "GET" if ids is None else "POST", url, params=query, headers=headers, json=body
        ) as response,
    ):
        return Answer(response.status, response.headers, await response.json())


async def test_pages_are_linked() -> None:
    """A page is an array; ``Link`` leads to the pages beside it, and a count says how many."""
    async with MoneybirdSandbox(payments=5) as sandbox:
        query = {"filter": "state:paid", "per_page": "2"}
        first, second, last = [
            await ask(sandbox, query={**query, "page": page}) for page in ("1", "2", "3")
        ]
        base = f"{sandbox.url}/api/v2/{sandbox.administration_id}/sales_invoices.json?"
    assert [each["id"] for each in sandbox.invoices] == [*first.ids, *second.ids, *last.ids]
    assert {"5"} == {answer.headers["X-Total-Count"] for answer in (first, second, last)}
    linked = base + "filter=state%3Apaid&page={}&per_page=2"
    assert f'<{linked.format(2)}>; rel="next"' == first.headers["Link"]
    assert (
        f'<{linked.format(1)}>; rel="prev", <{linked.format(3)}>; rel="next"'
        == (second.headers["Link"])
    )
    assert f'<{linked.format(2)}>; rel="prev"' == last.headers["Link"]


async def test_a_list_without_a_filter_is_this_year() -> None:
    """The default filter is ``period:this_year``, and any filter replaces it."""
    async with MoneybirdSandbox(payments=700) as sandbox:
        this_year = await ask(sandbox)
        paid = await ask(sandbox, query={"filter": "state:paid"})
        days = await ask(sandbox, query={"filter": "period:20250101..20251231"})
    assert 700 == int(paid.headers["X-Total-Count"])
    counts = [int(answer.headers["X-Total-Count"]) for answer in (this_year, days)]
    assert 700 == sum(counts)
    assert all(counts)


async def test_updated_after_is_exclusive() -> None:
    """``updated_after`` leaves out what was updated at that very time."""
    async with MoneybirdSandbox(payments=5) as sandbox:
        at = sandbox.invoices[1]["updated_at"]
        answers = [
            await ask(sandbox, query={"filter": f"updated_after:{when}"})
            for when in (at, at.replace("525Z", "524Z"), "2026-06-29 06:00:00 UTC")
        ]
    assert [1, 2, 1] == [len(answer.body) for answer in answers]


async def test_ids_come_first_and_records_by_post() -> None:
    """``synchronization`` gives all ids and versions; a POST of ids gives their invoices."""
    async with MoneybirdSandbox(payments=130) as sandbox:
        versions = await ask(sandbox, "/synchronization")
        chosen = [int(each["id"]) for each in versions.body]
        some = await ask(sandbox, "/synchronization", ids=[*chosen[:2], 7])
        most = await ask(sandbox, "/synchronization", ids=chosen)
    assert [each["id"] for each in sandbox.invoices] == versions.ids
    assert {"id", "version"} == versions.body[0].keys()
    assert sandbox.invoices[:2] == some.body
    assert 100 == len(most.body)


async def test_payments_are_within_invoices() -> None:
    """An invoice has its payments, and amounts are texts."""
    async with MoneybirdSandbox(payments=5, per_invoice=2, unpaid=1) as sandbox:
        answer = await ask(sandbox)
    assert [0, 2, 2, 1] == [len(invoice["payments"]) for invoice in answer.body]
    assert ["open", "paid", "paid", "paid"] == [invoice["state"] for invoice in answer.body]
    invoice = answer.body[1]
    assert "1.0" == invoice["payments"][0]["price"]
    assert invoice["total_paid"] == invoice["total_price_incl_tax"]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"per_page": "101"}, {"error": "per_page does not have a valid value"}),
        ({"page": "0"}, {"error": "page does not have a valid value"}),
        (
            {"filter": "state:gone"},
            {"error": "Status is not included in the list", "symbolic": {"filter": "invalid"}},
        ),
    ],
)
async def test_a_wrong_query_is_refused(query: dict[str, str], error: dict[str, Any]) -> None:
    """A page size, page or filter that cannot be is 400."""
    async with MoneybirdSandbox(payments=1) as sandbox:
        answer = await ask(sandbox, query=query)
    assert (400, error) == (answer.status, answer.body)


async def test_unknown_filters_are_ignored() -> None:
    """Moneybird ignores a name that it does not know."""
    async with MoneybirdSandbox(payments=3) as sandbox:
        answer = await ask(sandbox, query={"filter": "colour:red"})
    assert 3 == len(answer.body)


async def test_invoices_are_chosen_by_contact_and_creation() -> None:
    """``contact_id`` and ``created_after`` choose invoices; a period needs two days."""
    async with MoneybirdSandbox(payments=25) as sandbox:
        contact, created = (sandbox.invoices[3][name] for name in ("contact_id", "created_at"))
        answers = [
            await ask(sandbox, query={"filter": terms})
            for terms in (
                f"contact_id:{contact}",
                f"created_after:{created}",
                f"contact_id:{contact},created_after:{created}",
            )
        ]
        period = await ask(sandbox, query={"filter": "period:20260101.."})
    assert [2, 3, 0] == [len(answer.body) for answer in answers]
    assert (400, "Period must have both a start and end date") == (
        period.status,
        period.body["error"],
    )


async def test_keys_and_paths_are_checked() -> None:
    """A wrong key is 401, another path 404, and ids that are none are 400."""
    async with MoneybirdSandbox(payments=1) as sandbox:
        wrong = await ask(sandbox, key="wrong")
        missing = await ask(sandbox, "/nothing")
        empty = await ask(sandbox, "/synchronization", ids=[])
    assert [401, 404, 200] == [answer.status for answer in (wrong, missing, empty)]
    assert {"error": "record not found"} == missing.body


async def test_too_many_requests_are_told_a_time() -> None:
    """``RateLimit-Reset`` and ``Retry-After`` are both times in seconds since 1970."""
    async with MoneybirdSandbox(payments=1, request_limit=2) as sandbox:
        answers = [await ask(sandbox) for _ in range(3)]
    assert [200, 200, 429] == [answer.status for answer in answers]
    limited = answers[2]
    assert "Retry later" == limited.body
    assert ("2", "0") == (
        limited.headers["RateLimit-Limit"],
        limited.headers["RateLimit-Remaining"],
    )
    assert limited.headers["Retry-After"] == limited.headers["RateLimit-Reset"]
    assert 0 < int(limited.headers["Retry-After"]) - time.time() <= 300
