"""A target for bookings in memory, with the faults and the ways that a real one may have."""

from __future__ import annotations

from collections import deque
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from paysdk.errors import (
    BadRequestError,
    ConfigurationError,
    ConnectionFailedError,
    NotFoundError,
    OutcomeUnknownError,
)
from paysdk.payment import InvoiceRef, Payment
from paysdk.target import (
    BeforeSending,
    Booked,
    BookingAccount,
    BookingCapabilities,
    BookingOrder,
    PaymentEffect,
    TargetInvoice,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

__all__ = ["FakeBooks", "Fault"]

# What happens to the next order or void. "lost": it is done, and the response is lost. "timeout":
# it is not done, and that is not certain. "late": it is done when `commit_late` is called, and
# cannot be seen before. "refused": 400. "down": no connection.
Fault: TypeAlias = Literal["lost", "timeout", "late", "refused", "down", "drafted"]


_ALL = BookingCapabilities(previews=True, voids=True)


@attrs.define(eq=False)
class FakeBooks:
    """Books with invoices and payments that a test can change.

    ``faults`` are what happens to the next requests that write, ``None`` for nothing. With
    ``splits`` each order becomes two payments. With ``reads_fail`` every read fails.
    """

    name: str = "books"
    capabilities: BookingCapabilities = _ALL
    faults: deque[Fault | None] = attrs.field(factory=deque["Fault | None"])
    splits: bool = False
    reads_fail: bool = False
    discount: Decimal = Decimal(0)
    clearing: BookingAccount | None = None
    invoices: dict[str, TargetInvoice] = attrs.field(factory=dict[str, TargetInvoice])
    payments: dict[str, Payment] = attrs.field(factory=dict[str, Payment])
    held: list[BookingOrder] = attrs.field(factory=list[BookingOrder])
    requests: int = 0

    def add_invoice(
        self, number: str, total: Decimal, *, status: str = "open", entity: str = "1"
    ) -> TargetInvoice:
        """Add an invoice in euros, and return it."""
        invoice = TargetInvoice(
            id=str(1000 + len(self.invoices)),
            number=number,
            entity=entity,
            currency="EUR",
            status=status,
            is_payable=status in {"open", "partially_paid"},
            is_voided=status == "voided",
            total=total,
            due=total,
        )
        self.invoices[invoice.id] = invoice
        return invoice

    def add_payment(
        self,
        invoice_id: str,
        amount: Decimal,
        day: date,
        external_id: str | None = None,
    ) -> Payment:
        """Add a payment, as a person or an agent books it, and return it."""
        invoice = self.invoices[invoice_id]
        now = datetime.now(UTC)
        payment = Payment(
            provider=self.name,
            id=str(1 + len(self.payments)),
            amount=amount,
            currency=invoice.currency,
            payment_date=day,
            invoice=InvoiceRef(invoice.id, invoice.number),
            external_id=external_id,
            source="MANUAL",
            created_at=now,
            modified_at=now,
        )
        self.payments[payment.id] = payment
        return payment

    def change_payment(self, payment_id: str, **fields: object) -> None:
        """Change fields of a payment, as a person edits or voids it."""
        changed = {**fields, "modified_at": datetime.now(UTC)}
        known: Any = self.payments[payment_id]
        self.payments[payment_id] = attrs.evolve(known, **changed)

    def commit_late(self) -> list[str]:
        """Book the orders that are late or wait as drafts, and return the ids of the payments."""
        held, self.held = self.held, []
        return [payment_id for order in held for payment_id in self._commit(order)]

    def live_payments(self, invoice_id: str) -> list[Payment]:
        """The payments of an invoice that are not voided."""
        return [each for each in self._payments_of(invoice_id) if not each.is_voided]

    async def find_invoices(self, number: str) -> Sequence[TargetInvoice]:
        self._read()
        return [self._invoice(each) for each in self.invoices.values() if each.number == number]

    async def list_invoices(self) -> AsyncIterator[TargetInvoice]:
        self._read()
        for invoice in self.invoices.values():
            yield self._invoice(invoice)

    async def retrieve_invoice(self, invoice_id: str) -> TargetInvoice:
        self._read()
        if invoice_id not in self.invoices:
            raise NotFoundError(f"Invoice {invoice_id} does not exist.", status=404)
        invoice = self._invoice(self.invoices[invoice_id])
        return attrs.evolve(invoice, payments=tuple(self._payments_of(invoice_id)))

    async def preview(self, order: BookingOrder) -> PaymentEffect:
        invoice = await self.retrieve_invoice(order.invoice_id)
        due = (invoice.due or Decimal(0)) - order.amount - self.discount
        return PaymentEffect(due_after=due, discount=self.discount)

    async def find_payments(self, order: BookingOrder) -> Sequence[Payment]:
        self._read()
        return [each for each in self.payments.values() if each.external_id == order.external_id]

    async def book(self, order: BookingOrder, before_sending: BeforeSending) -> Booked:
        found = await self.find_payments(order)
        if live := [each.id for each in found if not each.is_voided]:
            return Booked(
                payment_ids=tuple(live), invoice=await self.retrieve_invoice(order.invoice_id)
            )
        if found and not order.rebook_voided:
            raise ConfigurationError("The order was booked and voided.")
        await before_sending(await self.retrieve_invoice(order.invoice_id))
        fault = self._next_fault("The order")
        if fault in {"late", "drafted"}:
            self.held.append(order)
        if fault == "drafted":
            return Booked(payment_ids=(), drafted=True)
        ids = () if fault in {"late", "timeout"} else self._commit(order)
        if fault is not None:
            raise OutcomeUnknownError("The response to the order was lost.")
        after = await self.retrieve_invoice(order.invoice_id)
        memos = ("overpayment",) if self._overpaid(order.invoice_id) else ()
        return Booked(payment_ids=tuple(ids), credit_memos=memos, invoice=after)

    async def release(self, order: BookingOrder) -> None:
        """Forget nothing, because it remembers no order."""

    async def void(self, invoice_id: str, payment_id: str, void_date: date | None) -> Payment:
        self._read()
        payment = self.payments.get(payment_id)
        if payment is None or payment.invoice.id != invoice_id:
            raise NotFoundError(f"Payment {payment_id} does not exist.", status=404)
        if payment.is_voided:
            return payment
        fault = self._next_fault("The void")
        if fault != "timeout":
            self.change_payment(payment_id, voided_date=void_date or datetime.now(UTC).date())
        if fault is not None:
            raise OutcomeUnknownError("The response to the void was lost.")
        return self.payments[payment_id]

    async def release_void(self, invoice_id: str, payment_id: str) -> None:
        """Forget nothing, because it remembers no void."""

    async def check_account(self, account: BookingAccount) -> None:
        """Take every account, because it has none of its own."""

    async def suggest_account(self) -> BookingAccount | None:
        return self.clearing

    def _read(self) -> None:
        self.requests += 1
        if self.reads_fail:
            raise ConnectionFailedError("The books cannot be reached.")

    def _next_fault(self, what: str) -> Fault | None:
        self.requests += 1
        fault = self.faults.popleft() if self.faults else None
        if fault == "refused":
            raise BadRequestError(f"{what} was refused.", status=400)
        if fault == "down":
            error = ConnectionFailedError("No connection was made.")
            error.never_sent = True
            raise error
        return fault

    def _commit(self, order: BookingOrder) -> list[str]:
        cent = Decimal("0.01")
        parts = (order.amount - cent, cent) if self.splits else (order.amount,)
        return [
            self.add_payment(order.invoice_id, part, order.payment_date, order.external_id).id
            for part in parts
        ]

    def _payments_of(self, invoice_id: str) -> list[Payment]:
        return [each for each in self.payments.values() if each.invoice.id == invoice_id]

    def _paid(self, invoice_id: str) -> Decimal:
        return sum((each.amount for each in self.live_payments(invoice_id)), Decimal(0))

    def _overpaid(self, invoice_id: str) -> bool:
        total = self.invoices[invoice_id].total
        return total is not None and self._paid(invoice_id) > total

    def _invoice(self, invoice: TargetInvoice) -> TargetInvoice:
        total = invoice.total or Decimal(0)
        return attrs.evolve(invoice, due=max(total - self._paid(invoice.id), Decimal(0)))
