"""Orders for the tests of paying, and what they ask of a sandbox."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.providers.campfire.paying.items import ManualPayment
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from paysdk.providers.campfire.paying.order import PayOutcome
    from paysdk.providers.campfire.sandbox import CampfireSandbox

QUICK = RetryPolicy(attempts=3, wait_initial=0)
INVOICE = 58700
DAY = date(2026, 1, 31)
NAMED = ManualPayment(Decimal("50.00"), 2553, "Cash", DAY, "receipt-" + "x" * 60)
PLAIN = attrs.evolve(NAMED, external_id="Order-1")
UNNAMED = attrs.evolve(NAMED, external_id=None)


def open_at(sandbox: CampfireSandbox, **settings: Any) -> CampfireProvider:  # noqa: ANN401  # any setting
    """A provider for the sandbox that tries again at once."""
    return CampfireProvider("sandbox-key", base_url=sandbox.url, **{"retry": QUICK, **settings})


def posts(sandbox: CampfireSandbox) -> int:
    """How many orders arrived."""
    return [request.method for request in sandbox.requests].count("POST")


def ids(sandbox: CampfireSandbox) -> tuple[str, ...]:
    """The payments that are booked."""
    return tuple(str(row["id"]) for row in sandbox.payments)


async def pay(
    campfire: CampfireProvider,
    order: ManualPayment,
    invoice: int = INVOICE,
    **allowed: Any,  # noqa: ANN401  # any of them
) -> PayOutcome:
    """Pay with one item."""
    return await campfire.mark_invoice_paid(invoice, empty_transactions=[order], **allowed)


def booked(sandbox: CampfireSandbox, **fields: object) -> str:
    """Book a payment like one for the order, except for these fields, and return its id."""
    return str(
        sandbox.add_payment(
            **{"invoice_id": INVOICE, "amount": NAMED.amount, "payment_date": str(DAY), **fields}  # type: ignore[arg-type]
        )
    )
