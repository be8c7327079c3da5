"""Orders for the tests of paying, and questions to a sandbox."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.providers.campfire.paying.items import (
    CreditMemoPayment,
    DebitMemoPayment,
    ManualPayment,
    TransactionPayment,
)
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from paysdk.providers.campfire.paying.order import PayOutcome
    from paysdk.providers.campfire.sandbox import CampfireSandbox
    from paysdk.testing import Fault

QUICK = RetryPolicy(attempts=3, wait_initial=0)
INVOICE = 58700
LIST_PATH = "/coa/api/v1/invoice-payments"
INVOICE_PATH = "/coa/api/v1/invoice/58700/"
PAY_PATH = "/coa/api/v1/invoice/58700/pay/"
DAY = date(2026, 1, 31)
NAMED = ManualPayment(Decimal("50.00"), 2553, "Cash", DAY, "receipt-" + "x" * 60)
PLAIN = attrs.evolve(NAMED, external_id="Order-1")
UNNAMED = attrs.evolve(NAMED, external_id=None)


def open_at(
    sandbox: CampfireSandbox,
    **settings: Any,  # noqa: ANN401  # any setting
) -> CampfireProvider:
    """A provider for the sandbox that retries at once."""
    return CampfireProvider("sandbox-key", base_url=sandbox.url, **{"retry": QUICK, **settings})


def posts(sandbox: CampfireSandbox) -> int:
    """The number of orders that arrived."""
    return [request.method for request in sandbox.requests].count("POST")


def ids(sandbox: CampfireSandbox) -> tuple[str, ...]:
    """The ids of the payments that are booked."""
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
    known: dict[str, Any] = {
        "invoice_id": INVOICE,
        "amount": NAMED.amount,
        "payment_date": str(DAY),
    }
    return str(sandbox.add_payment(**known | fields))


TRANSACTION = TransactionPayment(transaction_id=14728800, amount=Decimal("883.33"))


MANUAL = ManualPayment(
    amount=Decimal("12.50"),
    account_id=2553,
    account_name="1100",
    payment_date=date(2026, 1, 31),
    external_id="order-1",
)


def asked(sandbox: CampfireSandbox) -> list[tuple[str, str]]:
    """The method and path of each request that arrived."""
    return [(request.method, request.path) for request in sandbox.requests]


def paid(sandbox: CampfireSandbox, invoice_id: int = 58700) -> list[dict[str, Any]]:
    """The payments of an invoice at the server."""
    return [row for row in sandbox.payments if row["invoice_id"] == invoice_id]


def named(fault: Fault) -> str:
    """A short description of a fault."""
    return f"{fault.kind} {fault.status} {fault.body[:16]!r} {len(fault.headers)}"


ALL_KINDS: dict[str, Any] = {
    "transactions": [
        TransactionPayment(
            transaction_id=14728800,
            transaction_description="Payment from Campfire Software Inc",
            account_id="2553",
            account_name="1100 - Accounts Receivable",
            amount=Decimal("883.33"),
        )
    ],
    "credit_memos": [
        CreditMemoPayment(
            credit_memo_id=4029,
            credit_memo_number="CM-0000007",
            amount=Decimal(150),
            posted_at=date(2025, 7, 25),
        )
    ],
    "debit_memos": [
        DebitMemoPayment(debit_memo_id=7, amount=Decimal("0.10"), posted_at=date(2025, 7, 25))
    ],
    "empty_transactions": [MANUAL],
}
