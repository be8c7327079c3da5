"""Subjects of the contract: books in memory, and Campfire's sandbox."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from paysdk import CampfireProvider, RetryPolicy
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, TargetSubject, status

if TYPE_CHECKING:
    from paysdk.testing import Fault, TargetFailure
    from paysdk.testing.booking import FakeBooks
    from paysdk.testing.booking import Fault as BooksFault

_IN_MEMORY: dict[TargetFailure, BooksFault] = {
    "lost": "lost",
    "dropped": "timeout",
    "refused": "refused",
}
_ON_THE_WIRE: dict[TargetFailure, Fault] = {
    "lost": status(502, processed=True),
    "dropped": status(502),
    "refused": status(400),
}
_INVOICE = 58_700


def in_memory(
    books: FakeBooks,
    order_fails: TargetFailure | None = None,
    void_fails: TargetFailure | None = None,
) -> TargetSubject:
    """Return books in memory as a subject. All processes have the same object."""
    invoice = books.add_invoice("A-1b", Decimal("100.10"))
    books.add_invoice("A-2", Decimal("50.00"))
    if order_fails is not None:
        books.faults = deque([_IN_MEMORY[order_fails]])
    if void_fails is not None:
        books.faults = deque([None, _IN_MEMORY[void_fails]])

    def pay(invoice_id: str, amount: Decimal) -> str:
        return books.add_payment(invoice_id, amount, datetime.now(UTC).date()).id

    return TargetSubject(
        open_target=lambda: books,
        invoice_id=invoice.id,
        number="A-1b",
        currency="EUR",
        pay=pay,
        live_amounts=lambda invoice_id: [
            each.amount
            for each in books.payments.values()
            if each.invoice.id == invoice_id and not each.is_voided
        ],
    )


def in_campfire(
    order_fails: TargetFailure | None = None, void_fails: TargetFailure | None = None, **more: Any
) -> TargetSubject:
    """Return Campfire's sandbox as a subject."""
    faults = FaultPlan()
    if order_fails is not None:
        faults = faults.on(1, _ON_THE_WIRE[order_fails], method="POST", path="*/pay/")
    if void_fails is not None:
        faults = faults.on(1, _ON_THE_WIRE[void_fails], method="POST", path="*/void/")
    sandbox = CampfireSandbox(payments=3, faults=faults, **more)
    invoice: Any = sandbox.invoice(_INVOICE)

    def live_amounts(invoice_id: str) -> list[Decimal]:
        now: Any = sandbox.invoice(int(invoice_id))
        return [each["amount"] for each in now["payments"] if each["voided_date"] is None]

    return TargetSubject(
        open_target=lambda: CampfireProvider(
            sandbox.api_key, base_url=sandbox.url, retry=RetryPolicy(attempts=2, wait_initial=0)
        ),
        invoice_id=str(_INVOICE),
        number=invoice["invoice_number"],
        currency=invoice["currency"],
        account_id=2561,
        account_name="1050 - Payments Clearing",
        pay=lambda invoice_id, amount: str(
            sandbox.add_payment(invoice_id=int(invoice_id), amount=amount)
        ),
        live_amounts=live_amounts,
        sandbox=sandbox,
    )
