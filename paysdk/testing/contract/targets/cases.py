"""What all cases about a target need: the books, and the target of each process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.errors import PaysdkError
from paysdk.target import Booked, BookingOrder, BooksPayments, HasBookingTarget, TargetInvoice
from paysdk.testing.contract.promises import check, check_equal, fail
from paysdk.testing.contract.targets.subject import TargetFailure, TargetSubject

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

__all__ = ["AMOUNT", "DAY", "Books", "TargetCases", "catch"]

# Digits that a float cannot keep.
AMOUNT = Decimal("33.33")
DAY = date(2026, 3, 2)


@attrs.define
class Books:
    """The books of a subject, and what the contract has asked of them."""

    subject: TargetSubject
    _stack: AsyncExitStack
    seen: list[TargetInvoice] = attrs.field(factory=list[TargetInvoice])

    def open_target(self) -> BooksPayments:
        """Open the target as another process does."""
        opened: Any = self.subject.open_target()
        if hasattr(opened, "aclose"):
            self._stack.push_async_callback(opened.aclose)
        return opened.booking_target() if isinstance(opened, HasBookingTarget) else opened

    def order(self, name: str = "1", **changes: Any) -> BookingOrder:  # noqa: ANN401  # any field
        """An order for the subject's invoice, whose external id ends in *name*."""
        subject = self.subject
        known: dict[str, Any] = {
            "invoice_id": subject.invoice_id,
            "amount": AMOUNT,
            "currency": subject.currency,
            "payment_date": DAY,
            "account_id": subject.account_id,
            "account_name": subject.account_name,
            "external_id": f"paysdk:contract:default:{name}",
            "memo": f"Payment {name}",
        }
        return BookingOrder(**{**known, **changes})

    async def before_sending(self, invoice: TargetInvoice) -> None:
        """Note that the target is about to send an order."""
        self.seen.append(invoice)

    async def book(self, target: BooksPayments, order: BookingOrder) -> Booked:
        """Book an order."""
        return await target.book(order, self.before_sending)

    async def book_one(self, target: BooksPayments, order: BookingOrder) -> str:
        """Book an order, and return the id of its only payment or of the first of several."""
        booked = await self.book(target, order)
        check(booked.payment_ids, f"book() returned {booked!r}, which names no payment")
        return booked.payment_ids[0]

    def live_amounts(self) -> list[Decimal]:
        """The amounts of the invoice's live payments, as the books have them."""
        return sorted(self.subject.live_amounts(self.subject.invoice_id))

    def check_booked(self, *amounts: Decimal, when: str) -> None:
        """Check the sum of the live payments. A server may split one payment into several."""
        live = self.live_amounts()
        check_equal(sum(amounts, Decimal(0)), sum(live, Decimal(0)), f"what is booked {when}")


class TargetCases(ABC):
    """A group of the contract's cases."""

    @abstractmethod
    def subject(
        self, *, order_fails: TargetFailure | None = None, void_fails: TargetFailure | None = None
    ) -> TargetSubject:
        """Return a target to test, with new books.

        *order_fails* says how the first order fails, and *void_fails* says how the first void
        fails. The contract calls it for each case.
        """

    @asynccontextmanager
    async def books(
        self, *, order_fails: TargetFailure | None = None, void_fails: TargetFailure | None = None
    ) -> AsyncGenerator[Books]:
        """The books of a new subject. Its sandbox runs, and its targets are closed in the end."""
        subject = self.subject(order_fails=order_fails, void_fails=void_fails)
        async with AsyncExitStack() as stack:
            if subject.sandbox is not None:
                await stack.enter_async_context(subject.sandbox)
            yield Books(subject, stack)


async def catch(work: Awaitable[object], what: str) -> PaysdkError:
    """Return the error that *work* raises. *what* says in words what was done."""
    try:
        result = await work
    except PaysdkError as error:
        return error
    return fail(f"{what} returned {result!r}")
