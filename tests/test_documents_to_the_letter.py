"""The documents' own requests and responses, at the providers' addresses, without a network."""

from __future__ import annotations

import inspect
import json
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, Mock

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


class DocumentedResponse(aiohttp.ClientResponse):
    """A response with the argument that aiohttp 3.14 needs and aioresponses does not pass."""

    def __init__(self, *args: Any, **known: Any) -> None:  # noqa: ANN401  # aiohttp's own
        missing = {"stream_writer"} & inspect.signature(
            aiohttp.ClientResponse.__init__
        ).parameters.keys()
        known |= dict.fromkeys(missing, Mock())
        super().__init__(*args, **known)


@pytest.fixture
def responses() -> Iterator[aioresponses]:
    """Responses by URL. A request without one fails to connect."""
    with aioresponses() as mocked:
        yield mocked


def respond(responses: aioresponses, url: str, sample: str, method: str = "GET") -> None:
    """Respond to requests for *url* with one of the documents' samples."""
    body = (PROVIDERS / sample).read_bytes()
    responses.add(
        url,
        method=method,
        body=body,
        content_type="application/json",
        response_class=DocumentedResponse,
        repeat=True,
    )


def sent(responses: aioresponses, method: str, url: str) -> dict[str, Any]:
    """The arguments of the last request to *url*, whatever the order of its query."""
    made = {
        (asked, at.path, tuple(sorted(at.query.items()))): calls
        for (asked, at), calls in responses.requests.items()
    }
    found: dict[str, Any] = made[method, URL(url).path, tuple(sorted(URL(url).query.items()))][
        -1
    ].kwargs
    return found


async def sent_key(made: dict[str, Any]) -> str:
    """The ``Authorization`` of a request.

    aioresponses runs no middleware. So this runs the first one, which sets the header.
    """
    request = SimpleNamespace(headers={})
    await made["middlewares"][0](request, AsyncMock())
    key: str = request.headers["Authorization"]
    return key


async def test_campfires_list_is_read_as_documented(responses: aioresponses) -> None:
    """The offset of the sample's ``next`` is requested at Campfire, and not at its own host."""
    respond(
        responses,
        f"{CAMPFIRE}/invoice-payments?cursor=",
        "campfire/samples/list_invoice_payments.json",
    )
    following = f"{CAMPFIRE}/invoice-payments?offset=400&limit=100"
    last = b'{"count": 123, "results": [], "next": null}'
    responses.add(
        following, body=last, content_type="application/json", response_class=DocumentedResponse
    )
    async with CampfireProvider("sandbox-key") as campfire:
        payments = await campfire.list_payments().collect()
    assert [("123", Decimal(0), "<string>")] == [
        (payment.id, payment.amount, payment.currency) for payment in payments
    ]
    assert "Token sandbox-key" == await sent_key(sent(responses, "GET", following))


async def test_campfires_invoice_is_read_as_documented(responses: aioresponses) -> None:
    """The sample of Retrieve Invoice is read, from the path with its trailing slash."""
    respond(responses, f"{CAMPFIRE}/invoice/47864/", "campfire/samples/retrieve_invoice.json")
    async with CampfireProvider("sandbox-key") as campfire:
        invoice = await campfire.retrieve_invoice(47864)
    assert (47864, "INV-0000493", Decimal("6249.99")) == (
        invoice.id,
        invoice.invoice_number,
        invoice.payments[0].amount,
    )


async def test_an_invoice_is_paid_as_documented(responses: aioresponses) -> None:
    """The body has the document's lists, with amounts as JSON numbers with exact digits."""
    respond(responses, f"{CAMPFIRE}/invoice/47864/", "campfire/samples/retrieve_invoice.json")
    respond(
        responses,
        f"{CAMPFIRE}/invoice/47864/pay/",
        "campfire/samples/mark_invoice_paid_ids.json",
        "POST",
    )
    order = json.loads(
        (PROVIDERS / "campfire/samples/mark_invoice_paid_request.json").read_bytes(),
        parse_float=Decimal,
    )
    async with CampfireProvider("sandbox-key") as campfire:
        # The two samples are of different invoices. On this one nothing is due.
        outcome = await campfire.mark_invoice_paid(
            47864,
            transactions=order["transactions"],
            credit_memos=order["credit_memos"],
            allow_overpayment=True,
        )
    went = sent(responses, "POST", f"{CAMPFIRE}/invoice/47864/pay/")
    assert outcome.payment_ids
    assert b'"amount":883.33' in went["data"]
    assert {"transactions", "credit_memos", "debit_memos", "empty_transactions"} == json.loads(
        went["data"]
    ).keys()
    assert went["allow_redirects"] is False


async def test_notifys_list_is_read_as_documented(responses: aioresponses) -> None:
    """The sample, with a link to itself and empty records, has one payment, and ends."""
    aside: list[object] = []
    first = "07d125ef-8e59-4629-8ef5-5c82de9979e9"
    for query in ("", f"?from={first}", f"?from={first}&limit=250"):
        respond(responses, NOTIFY + query, "notify/samples/list_payments.json")
    async with NotifyProvider("test_sandbox", on_malformed=aside.append) as notify:
        payments = await notify.list_payments().collect()
    assert [(first, Decimal("100.00"), "Creditparters B.V.")] == [
        (payment.id, payment.amount, payment.customer and payment.customer.name)
        for payment in payments
    ]
    assert 3 == len(aside)
    assert "Bearer test_sandbox" == await sent_key(sent(responses, "GET", NOTIFY))
