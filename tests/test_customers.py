"""Customers that a provider lists apart from its payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from paysdk import CustomerRef, InvoiceRef
from paysdk.customers import add_customers, find_invoices, set_customers
from tests.payments import REQUIRED, payment

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ACME = CustomerRef("1", None, "Acme")


@attrs.define
class Lookup:
    """Finds one customer, and notes what it is asked."""

    wanted: list[set[str]] = attrs.field(factory=list[set[str]])
    requests: int = 0

    async def find(self, invoice_ids: Collection[str]) -> Mapping[str, CustomerRef]:
        """Find the customer of invoice 2."""
        self.wanted.append(set(invoice_ids))
        return {"2": ACME}


async def test_only_payments_without_a_customer_get_one() -> None:
    """A customer that was sent stays, and an invoice that is not found changes nothing."""
    lookup = Lookup()
    other = attrs.evolve(REQUIRED, invoice=InvoiceRef("9"))

    found = await add_customers([payment(), REQUIRED, other], lookup)

    assert [payment(), attrs.evolve(REQUIRED, customer=ACME), other] == found
    assert [{"2", "9"}] == lookup.wanted


async def test_nothing_is_asked_if_all_have_a_customer() -> None:
    """Then no request is sent."""
    lookup = Lookup()

    assert [payment()] == await add_customers([payment()], lookup)
    assert [] == lookup.wanted


def test_every_other_field_stays() -> None:
    """The payment is as it was, with its record."""
    before = attrs.evolve(payment(), customer=None)
    (after,) = set_customers([before], {"7": ACME})

    assert set() == find_invoices([after])
    assert before == attrs.evolve(after, customer=None)
    assert before.raw == after.raw
