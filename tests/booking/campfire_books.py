"""Campfire's sandbox as the books of a history: orders and voids go over HTTP, and meet faults."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from paysdk import CampfireProvider, InvoiceRef, Payment, RetryPolicy
from paysdk.booking import BookingPolicy, TargetInvoice
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.sync import SQLPaymentStore
from paysdk.target import BookingOrder, BooksPayments
from paysdk.testing import drf
from tests.booking.policies import CAMPFIRE_POLICY

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CampfireBooks", "HeldOrder"]

# Three of the sandbox's open invoices, which are in dollars.
_INVOICES = (58700, 58701, 58702)


@attrs.frozen
class HeldOrder:
    """An order that the sandbox carries out late."""

    external_id: str
    invoice_id: str
    amount: Decimal
    book: Callable[[], object]


@attrs.define(kw_only=True, eq=False)
class FaultySandbox(CampfireSandbox):
    """A sandbox whose next orders and voids meet the faults of a history."""

    history_faults: deque[Any] = attrs.field(factory=deque[Any])
    held: list[HeldOrder] = attrs.field(factory=list[HeldOrder])

    def _accept(self, invoice_id: int, order: Any) -> Any:
        book = partial(super()._accept, invoice_id, order)
        fault = self._take_fault()
        if fault in {"late", "drafted"}:
            values = order[0][1]
            self.held.append(
                HeldOrder(values["external_id"], str(invoice_id), values["amount"], book)
            )
        return [] if fault == "drafted" else _meet(fault, book)

    def _void(self, payment_id: int, void_date: str | None) -> Any:
        return _meet(self._take_fault(), partial(super()._void, payment_id, void_date))

    def _take_fault(self) -> Any:
        return self.history_faults.popleft() if self.history_faults else None


def _meet(fault: Any, work: Callable[[], object]) -> Any:
    """The response to a request that meets a fault. Without one, it is that of *work*."""
    match fault:
        case "refused":
            return drf.json_response(400, {"non_field_errors": ["It was refused."]})
        case "down":
            return drf.detail_response(429, "It was not processed.")
        case "timeout" | "late":
            return drf.detail_response(504, "Gateway Timeout")
        case "lost":
            work()
            return drf.detail_response(504, "Gateway Timeout")
        case _:
            return work()


@attrs.define(eq=False)
class CampfireBooks:
    """The payments and invoices of a sandbox. Each store has a provider of its own."""

    policy: ClassVar[BookingPolicy] = CAMPFIRE_POLICY
    sandbox: FaultySandbox
    stack: AsyncExitStack
    name: str = "campfire"
    reads_fail: bool = False
    in_flight: dict[str, BookingOrder] = attrs.field(factory=dict[str, BookingOrder])
    doubles: dict[str, Payment] = attrs.field(factory=dict[str, Payment])
    mistakes: set[str] = attrs.field(factory=set[str])
    _targets: dict[SQLPaymentStore, BooksPayments] = attrs.field(
        factory=dict[SQLPaymentStore, BooksPayments]
    )

    @classmethod
    async def open(cls, stack: AsyncExitStack, total: Decimal) -> CampfireBooks:
        """Start a sandbox with open invoices of this total. *stack* stops it."""
        sandbox = FaultySandbox(payments=0)
        sandbox._ledger._totals.update(dict.fromkeys(_INVOICES, total))
        await stack.enter_async_context(sandbox)
        return cls(sandbox=sandbox, stack=stack)

    async def open_target(self, store: SQLPaymentStore) -> BooksPayments:
        """The target of the process that has this store."""
        if store not in self._targets:
            provider = CampfireProvider(
                self.sandbox.api_key,
                base_url=self.sandbox.url,
                exclusive=store.exclusive,
                retry=RetryPolicy(attempts=1),
            )
            await self.stack.enter_async_context(provider)
            self._targets[store] = provider.booking_target()
        return self._targets[store]

    @property
    def faults(self) -> deque[Any]:
        return self.sandbox.history_faults

    @property
    def numbers(self) -> list[str]:
        return [each.number or "" for each in self.invoices.values()]

    @property
    def invoices(self) -> dict[str, TargetInvoice]:
        return {str(each): self._read_invoice(each) for each in _INVOICES}

    def _read_invoice(self, invoice_id: int) -> TargetInvoice:
        row: Any = self.sandbox.invoice(invoice_id)
        return TargetInvoice(
            id=str(invoice_id),
            number=row["invoice_number"],
            entity=str(row["entity"]),
            currency=row["currency"],
            status=row["payment_status"],
            is_payable=True,
            total=row["total_amount"],
            due=row["amount_due"],
        )

    @property
    def payments(self) -> dict[str, Payment]:
        return {str(row["id"]): _read_payment(row) for row in self.sandbox.payments}

    @property
    def held(self) -> list[HeldOrder]:
        return self.sandbox.held

    def drop_held(self) -> None:
        self.sandbox.held.clear()

    def commit_late(self) -> None:
        held = [*self.held]
        self.drop_held()
        for order in held:
            order.book()

    def live_payments(self, invoice_id: str) -> Iterable[Payment]:
        return [
            each
            for each in self.payments.values()
            if each.invoice.id == invoice_id and not each.is_voided
        ]

    def add_payment(
        self, invoice_id: str, amount: Decimal, day: date, external_id: str | None = None
    ) -> Payment:
        payment_id = self.sandbox.add_payment(
            invoice_id=int(invoice_id),
            amount=amount,
            payment_date=day.isoformat(),
            external_id=external_id,
        )
        return self.payments[str(payment_id)]

    def change_payment(self, payment_id: str, **fields: Any) -> None:
        sent = {
            name: each.isoformat() if isinstance(each, date) else each
            for name, each in fields.items()
        }
        self.sandbox.change_payment(int(payment_id), **sent)

    def delete_payment(self, payment_id: str) -> None:
        self.sandbox.delete_payment(int(payment_id))


def _read_payment(row: Any) -> Payment:
    voided = row["voided_date"]
    return Payment(
        provider="campfire",
        id=str(row["id"]),
        amount=row["amount"],
        currency=row["currency"],
        payment_date=date.fromisoformat(row["payment_date"]),
        invoice=InvoiceRef(str(row["invoice_id"]), row["invoice_number"]),
        external_id=row["external_id"],
        source=row["source"],
        voided_date=None if voided is None else date.fromisoformat(voided),
    )
