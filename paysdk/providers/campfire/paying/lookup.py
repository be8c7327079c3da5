"""Looking for an order: the invoice, and what Campfire lists under the order's external ids."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from paysdk.errors import PaysdkError
from paysdk.payment import Payment  # attrs reads it
from paysdk.providers.campfire.endpoints import PAYMENTS
from paysdk.providers.campfire.invoices.schema import Invoice  # likewise
from paysdk.providers.campfire.paying.external_ids import external_id_fits
from paysdk.providers.campfire.paying.operation import run_within
from paysdk.providers.campfire.paying.recognition import (
    find_booked,
    find_similar,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable

    from paysdk.provider import Listing
    from paysdk.providers.campfire.paying.order import PayOrder
    from paysdk.providers.campfire.paying.sent_order import SentOrder
    from paysdk.transport.client import Client
    from paysdk.transport.deadline import Deadline

__all__ = ["OrderLookup", "Snapshot"]


@attrs.frozen
class Snapshot:
    """An invoice at one moment: its payments, and those listed under the order's external ids."""

    invoice: Invoice
    payments: tuple[Payment, ...]

    def payments_of(self, invoice_id: int) -> list[Payment]:
        return [each for each in self.payments if each.invoice.id == str(invoice_id)]

    def find_made_by(
        self, sent: SentOrder, open_orders: Iterable[SentOrder]
    ) -> tuple[str, ...] | None:
        """The payments that *sent* made, if it is certain that no other of *open_orders* did."""
        rivals = [
            other.order
            for other in open_orders
            if other.id != sent.id and other.invoice_id == sent.invoice_id
        ]
        return find_booked(
            sent.order,
            self.payments_of(sent.invoice_id),
            before=sent.before,
            currency=self.invoice.currency,
            rivals=rivals,
        )


class OrderLookup:
    """Reads what may show that an order is booked.

    *retrieve_invoice* reads an invoice. *list_payments* lists the payments for which a filter has a
    value.
    """

    def __init__(
        self,
        client: Client,
        retrieve_invoice: Callable[[int, Deadline], Awaitable[Invoice]],
        list_payments: Callable[[str, str], Listing],
    ) -> None:
        self._client = client
        self._retrieve_invoice = retrieve_invoice
        self._list_payments = list_payments

    async def look(self, invoice_id: int, order: PayOrder, deadline: Deadline) -> Snapshot:
        """Read the invoice, and list the payments under the order's external ids."""
        invoice = await self._retrieve_invoice(invoice_id, deadline)
        listed = await self._run(deadline, self._list_by_external_ids(order))
        payments = _merge(invoice.payments, listed)
        # The document's sample of an invoice shows payments without their external ids. Only the
        # list shows the external ids. And an invoice may not show its payments at all.
        hidden = [each for each in payments if _may_hide_external_id(each)]
        if _hides_payments(invoice) or find_similar(order, hidden):
            listed += await self._run(deadline, self._list_by_invoice(invoice_id))
            payments = _merge(invoice.payments, listed)
        return Snapshot(invoice, payments)

    async def find_payment(
        self, invoice_id: int, payment_id: int, deadline: Deadline
    ) -> tuple[Payment | None, Invoice]:
        """A payment of an invoice, if there is one, and the invoice.

        If the invoice does not show the payment, or shows it without its ``source``, the list may
        have it: a voided payment stays in the list.
        """
        invoice = await self._retrieve_invoice(invoice_id, deadline)
        found = _select(invoice.payments, payment_id)
        if found is None or "source" not in found.raw:
            listed = await self._run(deadline, self._list_by_invoice(invoice_id))
            found = _select(listed, payment_id) or found
        return found, invoice

    async def _list_by_external_ids(self, order: PayOrder) -> list[Payment]:
        found: list[Payment] = []
        for external_id in sorted(order.external_ids):
            with _without_checkpoint():
                found += [
                    payment
                    async for payment in self._list_payments("external_id", external_id)
                    if payment.external_id and external_id_fits(external_id, payment.external_id)
                ]
        return found

    async def _list_by_invoice(self, invoice_id: int) -> list[Payment]:
        with _without_checkpoint():
            return [
                payment
                async for payment in self._list_payments("invoice_id", str(invoice_id))
                if payment.invoice.id == str(invoice_id)
            ]

    async def _run(self, deadline: Deadline, listing: Awaitable[list[Payment]]) -> list[Payment]:
        url = self._client.settings.origin + PAYMENTS
        return await run_within(deadline, listing, self._client.provider, "GET", url)


def _select(payments: Iterable[Payment], payment_id: int) -> Payment | None:
    return next((each for each in payments if each.id == str(payment_id)), None)


def _hides_payments(invoice: Invoice) -> bool:
    """Whether *invoice* shows no payment although it may have some."""
    return not invoice.payments and (bool(invoice.amount_paid) or "payments" not in invoice.raw)


def _may_hide_external_id(payment: Payment) -> bool:
    return not payment.external_id and "external_id" not in payment.raw


def _merge(shown: Iterable[Payment], listed: Iterable[Payment]) -> tuple[Payment, ...]:
    """The payments that an invoice shows, with the list's external ids, and what else is listed."""
    by_id = {payment.id: payment for payment in listed}
    merged = {
        each.id: attrs.evolve(each, external_id=by_id[each.id].external_id)
        if each.id in by_id and not each.external_id
        else each
        for each in shown
    }
    return (*merged.values(), *(each for each in by_id.values() if each.id not in merged))


@contextmanager
def _without_checkpoint() -> Generator[None]:
    """Remove the checkpoint of an error: the caller never sees this listing to resume it."""
    try:
        yield
    except PaysdkError as error:
        error.checkpoint = None
        raise
