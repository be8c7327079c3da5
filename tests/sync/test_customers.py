"""Customers in a store whose provider lists them apart."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import attrs
import pytest

import paysdk.providers.campfire.provider as provider_module
from paysdk import (
    CampfireProvider,
    CustomerRef,
    MalformedResponseError,
    PermissionDeniedError,
    ServerError,
)
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing import open_sandbox
from paysdk.testing.server import Sandbox

from .conftest import Shelf

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Mapping

    from aiohttp.web import BaseRequest, StreamResponse

    from paysdk import Payment

    Make = Callable[..., Payment]


@attrs.define
class Clients(Shelf):
    """A provider that lists its customers apart. Each invoice has one of its own."""

    wanted: list[set[str]] = attrs.field(factory=list[set[str]])
    requests: int = 0
    prefix: str = "Client"
    missing: frozenset[str] = frozenset()
    error: Exception | None = None

    @asynccontextmanager
    async def look_up_customers(self) -> AsyncGenerator[Clients]:
        """It is its own lookup."""
        yield self

    async def find(self, invoice_ids: Collection[str]) -> Mapping[str, CustomerRef]:
        """Find the customers, or fail."""
        self.wanted.append(set(invoice_ids))
        self.requests += 1
        if self.error is not None:
            raise self.error
        return {
            each: CustomerRef(each, None, f"{self.prefix} {each}")
            for each in invoice_ids
            if each not in self.missing
        }


async def customers(store: SQLPaymentStore) -> dict[str, str | None]:
    """The name of the customer of each stored payment."""
    return {
        payment.id: None if payment.customer is None else payment.customer.name
        async for payment in store.payments(provider="acme")
    }


async def test_a_payment_gets_the_customer_of_its_invoice(
    store: SQLPaymentStore, make: Make
) -> None:
    """Later syncs look up only what the store does not know, and change nothing else."""
    provider = Clients(payments=[make(2, 1), make(3, 1), make(4, 1)])
    first = await sync_payments(provider, store)
    again = await sync_payments(provider, store)
    provider.payments = [make(2, 9, external_id="x"), *provider.payments[1:], make(8, 9)]
    last = await sync_payments(provider, store)

    assert {"2": "Client 1", "3": "Client 1", "4": "Client 2", "8": "Client 4"} == await customers(
        store
    )
    assert [{"1"}, {"2"}, {"4"}] == provider.wanted
    assert [(3, 0), (0, 0), (1, 1)] == [
        (each.created, each.changed) for each in (first, again, last)
    ]
    (changed,) = [change async for change in store.changes() if change.kind == "changed"]
    assert ("external_id", "modified_at") == tuple(sorted(changed.fields))


async def test_a_payment_that_is_stored_without_a_customer_is_not_looked_up_again(
    store: SQLPaymentStore, make: Make
) -> None:
    """Only a full pass looks for an old invoice again, because that may read the whole list."""
    provider = Clients(payments=[make(2, 1), make(4, 1)], missing=frozenset({"1", "2"}))
    await sync_payments(provider, store)
    provider.wanted.clear()
    provider.missing = frozenset()
    provider.payments = [*provider.payments, make(6, 2)]
    await sync_payments(provider, store)

    assert [{"3"}] == provider.wanted
    assert {"2": None, "4": None, "6": "Client 3"} == await customers(store)

    await sync_payments(provider, store, full=True)

    assert {"2": "Client 1", "4": "Client 2", "6": "Client 3"} == await customers(store)


async def test_a_full_pass_looks_all_of_them_up_again(store: SQLPaymentStore, make: Make) -> None:
    """A customer with another name is a change, and one that is not found stays."""
    provider = Clients(payments=[make(2, 1), make(4, 1)])
    await sync_payments(provider, store)
    provider.prefix, provider.missing = "Customer", frozenset({"2"})
    report = await sync_payments(provider, store, full=True)

    assert {"2": "Customer 1", "4": "Client 2"} == await customers(store)
    assert (1, 1) == (report.changed, report.unchanged)


@pytest.mark.parametrize(
    "error",
    [
        PermissionDeniedError("Not allowed.", status=403),
        MalformedResponseError("No invoice.", path="$"),
    ],
)
async def test_a_sync_goes_on_without_customers(
    store: SQLPaymentStore, make: Make, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """A key that may not list invoices is logged once in each sync."""
    provider = Clients(payments=[make(2 * number, 1) for number in range(9)], error=error)
    with caplog.at_level(logging.WARNING, logger="paysdk"):
        report = await sync_payments(provider, store)

    assert (9, {None}) == (report.created, set((await customers(store)).values()))
    assert 1 == len([each for each in caplog.messages if "cannot be looked up" in each])


async def test_an_outage_ends_the_sync(store: SQLPaymentStore, make: Make) -> None:
    """The next sync then adds the customers."""
    provider = Clients(payments=[make(2, 1)], error=ServerError("Down.", status=503))
    with pytest.raises(ServerError):
        await sync_payments(provider, store)
    provider.error = None
    await sync_payments(provider, store)

    assert {"2": "Client 1"} == await customers(store)


async def test_campfires_payments_have_their_clients(store: SQLPaymentStore) -> None:
    """The requests of the invoice list are in the report."""
    async with (
        open_sandbox("campfire", payments=40) as sandbox,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url) as campfire,
    ):
        report = await sync_payments(campfire, store)
        invoices = {str(each.id): each.client_name async for each in campfire.list_invoices()}
        sent = len(sandbox.requests) - 1
    stored = [payment async for payment in store.payments(provider="campfire")]

    assert (40, sent) == (len(stored), report.requests)
    assert [invoices[each.invoice.id] for each in stored] == [
        each.customer and each.customer.name for each in stored
    ]


async def test_a_sync_with_customers_sends_one_request_at_a_time(
    store: SQLPaymentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lookup waits for the page of payments, and the next page waits for the lookup."""
    under_way, most = 0, 0
    handle = Sandbox._handle

    async def count(sandbox: Sandbox, incoming: BaseRequest) -> StreamResponse:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await handle(sandbox, incoming)
        finally:
            under_way -= 1

    monkeypatch.setattr(Sandbox, "_handle", count)
    monkeypatch.setattr(provider_module, "_INVOICES_PER_PAGE", 3)
    small = attrs.evolve(CampfireProvider.capabilities, max_page_size=5)
    monkeypatch.setattr(CampfireProvider, "capabilities", small)
    async with (
        open_sandbox("campfire", payments=30, latency=0.005) as sandbox,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url) as campfire,
    ):
        reports = [
            await sync_payments(campfire, store),
            await sync_payments(campfire, store, full=True),
            await sync_payments(campfire, store, filters={"voided": False}),
        ]

    assert [30, 0, 0] == [report.created for report in reports]
    assert min(report.requests for report in reports[:2]) > 6
    assert 1 == most
