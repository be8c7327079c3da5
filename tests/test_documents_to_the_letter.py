"""The documents' own requests and answers at the providers' own addresses, exchanged without a network."""

from __future__ import annotations

import inspect
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import aiohttp
import pytest
from aioresponses import aioresponses
from yarl import URL

import paysdk
from paysdk import CampfireProvider, NotifyProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDERS = Path(paysdk.__file__).parent / "providers"
CAMPFIRE = "https://api.meetcampfire.com/coa/api/v1"
NOTIFY = "https://api.notify.cm/v2/payments"


class Answered(aiohttp.ClientResponse):
    """An answer with what aiohttp 3.14 wants besides, and aioresponses does not know of."""

    def __init__(self, *args: Any, **known: Any) -> None:  # noqa: ANN401  # aiohttp's own
        missing = {"stream_writer"} & inspect.signature(
            aiohttp.ClientResponse.__init__
        ).parameters.keys()
        known |= dict.fromkeys(missing, Mock())
        super().__init__(*args, **known)


@pytest.fixture
def answers() -> Iterator[aioresponses]:
    """Answers by address; a request for which there is none fails to connect."""
    with aioresponses() as mocked:
        yield mocked


def give(answers: aioresponses, url: str, sample: str, method: str = "GET") -> None:
    """Answer requests for *url* with one of the documents' samples."""
    body = (PROVIDERS / sample).read_bytes()
    answers.add(
        url,
        method=method,
        body=body,
        content_type="application/json",
        response_class=Answered,
        repeat=True,
    )


def sent(answers: aioresponses, method: str, url: str) -> dict[str, Any]:
    """What went along with the last request to *url*, in whatever order its query stood."""
    made = {
        (asked, at.path, tuple(sorted(at.query.items()))): calls
        for (asked, at), calls in answers.requests.items()
    }
    found: dict[str, Any] = made[method, URL(url).path, tuple(sorted(URL(url).query.items()))][
        -1
    ].kwargs
    return found


async def test_campfires_list_is_read_as_documented(answers: aioresponses) -> None:
    """The sample's ``next`` shows another host and an offset, which the next request takes to Campfire's own address."""
    give(
        answers,
        f"{CAMPFIRE}/invoice-payments?cursor=",
        "campfire/samples/list_invoice_payments.json",
    )
    following = f"{CAMPFIRE}/invoice-payments?offset=400&limit=100"
    last = b'{"count": 123, "results": [], "next": null}'
    answers.add(following, body=last, content_type="application/json", response_class=Answered)
    async with CampfireProvider("sandbox-key") as campfire:
        payments = await campfire.list_payments().collect()
    assert [("123", Decimal(0), "<string>")] == [
        (payment.id, payment.amount, payment.currency) for payment in payments
    ]
    assert "Token sandbox-key" == sent(answers, "GET", following)["headers"]["Authorization"]


async def test_campfires_invoice_is_read_as_documented(answers: aioresponses) -> None:
    """The sample of Retrieve Invoice comes whole, at the path with its trailing slash."""
    give(answers, f"{CAMPFIRE}/invoice/47864/", "campfire/samples/retrieve_invoice.json")
    async with CampfireProvider("sandbox-key") as campfire:
        invoice = await campfire.retrieve_invoice(47864)
    assert (47864, "INV-0000493", Decimal("6249.99")) == (
        invoice.id,
        invoice.invoice_number,
        invoice.payments[0].amount,
    )


async def test_an_invoice_is_paid_as_documented(answers: aioresponses) -> None:
    """The body has the lists of the document, and its amounts digit by digit as JSON numbers."""
    give(answers, f"{CAMPFIRE}/invoice/47864/", "campfire/samples/retrieve_invoice.json")
    give(
        answers,
        f"{CAMPFIRE}/invoice/47864/pay/",
        "campfire/samples/mark_invoice_paid_ids.json",
        "POST",
    )
    order = json.loads(
        (PROVIDERS / "campfire/samples/mark_invoice_paid_request.json").read_bytes(),
        parse_float=Decimal,
    )
    async with CampfireProvider("sandbox-key") as campfire:
        # The two samples are of different invoices: nothing is due on this one.
        outcome = await campfire.mark_invoice_paid(
            47864,
            transactions=order["transactions"],
            credit_memos=order["credit_memos"],
            allow_overpayment=True,
        )
    went = sent(answers, "POST", f"{CAMPFIRE}/invoice/47864/pay/")
    assert outcome.payment_ids
    assert b'"amount":883.33' in went["data"]
    assert {"transactions", "credit_memos", "debit_memos", "empty_transactions"} == json.loads(
        went["data"]
    ).keys()
    assert went["allow_redirects"] is False


async def test_notifys_list_is_read_as_documented(answers: aioresponses) -> None:
    """The sample, whose link points at itself and whose other records are empty, gives its payment once and ends."""
    aside: list[object] = []
    first = "07d125ef-8e59-4629-8ef5-5c82de9979e9"
    for query in ("", f"?from={first}", f"?from={first}&limit=250"):
        give(answers, NOTIFY + query, "notify/samples/list_payments.json")
    async with NotifyProvider("test_sandbox", on_malformed=aside.append) as notify:
        payments = await notify.list_payments().collect()
    assert [(first, Decimal("100.00"), "Creditparters B.V.")] == [
        (payment.id, payment.amount, payment.customer and payment.customer.name)
        for payment in payments
    ]
    assert 3 == len(aside)
    assert "Bearer test_sandbox" == sent(answers, "GET", NOTIFY)["headers"]["Authorization"]
