"""Look up what came of orders whose outcome is not recorded. Nothing is sent again."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar, cast

import attrs

from paysdk.booking.duplicates import find_own
from paysdk.booking.errors import BookingTakenError
from paysdk.booking.journal import BookingJournal
from paysdk.booking.policy import BookingPolicy
from paysdk.booking.problem import Problem
from paysdk.booking.sending import describe
from paysdk.booking.states import State
from paysdk.booking.verifying import check_booked, check_doubled, check_overpaid
from paysdk.errors import NotFoundError
from paysdk.sync.errors import StoreError
from paysdk.target import BooksPayments, TargetInvoice

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from paysdk.booking.booking import Booking
    from paysdk.payment import Payment

__all__ = ["OPEN", "Lookup"]

T = TypeVar("T")

# States in which a worker may have died, or whose outcome may be known by now.
OPEN = frozenset({State.CLAIMED, State.SENT, State.UNKNOWN, State.DRAFTED, State.BOOKED})


@attrs.frozen(kw_only=True)
class Lookup:
    """Finds out what came of open bookings. An unknown one is looked up after *rest* seconds."""

    target: BooksPayments
    policy: BookingPolicy
    journal: BookingJournal
    rest: float
    by: str

    async def settle(self, booking: Booking) -> Booking | None:
        """Record what came of a booking, and return it in its state now.

        Returns ``None`` if another worker has it, or if it is not time to look.
        """
        if not self._is_due(booking):
            return None
        taken = await self.journal.take(booking)
        if taken is None:
            return None
        try:
            if taken.state is State.CLAIMED:
                # Its worker had sent nothing.
                return await self.journal.move(taken, State.APPROVED, {"by": self.by})
            return await self._or_free(taken, self._record(taken, *await self.find_or_free(taken)))
        except BookingTakenError:
            return None

    async def find_gone(self, booking: Booking) -> Problem | None:
        """Say how a booked payment differs from its booking, and record that.

        Returns ``None`` if it does not differ, or if another worker has the booking.
        """
        own, invoice = await self.find(booking)
        if check_booked(booking.line, own) is None:
            return None
        taken = await self.journal.take(booking)
        if taken is None:
            return None
        settled = await self._or_free(taken, self._record(taken, own, invoice))
        return Problem(settled.state.value, settled.sentence)

    async def find_or_free(self, booking: Booking) -> tuple[list[Payment], TargetInvoice | None]:
        """Find the payments of a booking that was taken. If that fails, others can take it."""
        return await self._or_free(booking, self.find(booking))

    async def _or_free(self, booking: Booking, work: Awaitable[T]) -> T:
        """Await work on a booking that was taken. If it ends early, others can take the booking."""
        try:
            return await work
        except BaseException:
            with suppress(StoreError):
                await self.journal.free(booking)
            raise

    async def find(self, booking: Booking) -> tuple[list[Payment], TargetInvoice | None]:
        """The payments of a booking, also voided ones and on other invoices, and its invoice."""
        line = booking.line
        found = await self.target.find_payments(line.to_order(self.policy))
        payments = {payment.id: payment for payment in found}
        invoice: TargetInvoice | None = None
        with suppress(NotFoundError):
            invoice = await self.target.retrieve_invoice(line.invoice_id)
            for payment in invoice.payments or ():
                payments.setdefault(payment.id, payment)
        return find_own(line.external_id, booking.payment_ids, payments.values()), invoice

    def _is_due(self, booking: Booking) -> bool:
        match booking.state:
            case State.UNKNOWN | State.DRAFTED:
                return datetime.now(UTC) - booking.since >= timedelta(seconds=self.rest)
            case State.BOOKED:
                return booking.details.get("verified") is False
            case _:
                return True

    async def _find_live_before(self, booking: Booking) -> list[str] | None:
        """The ids of the live payments just before the order, if its step has them.

        A draft may wait for weeks, and equal payments of other months may come meanwhile.
        """
        if booking.state is State.DRAFTED:
            return None
        for entry in reversed(await self.journal.history(booking.key)):
            if entry.after is State.SENT:
                return cast("list[str] | None", entry.details.get("live_payments"))
        return None

    async def _record(
        self, booking: Booking, own: Sequence[Payment], invoice: TargetInvoice | None
    ) -> Booking:
        problem = check_booked(booking.line, own)
        if problem is None and invoice is not None:
            ids = [payment.id for payment in own]
            before = await self._find_live_before(booking)
            problem = check_overpaid(invoice) or check_doubled(
                booking.line, ids, before, invoice, self.policy
            )
        by = {"by": self.by}
        if problem is None:
            ids = [payment.id for payment in own if not payment.is_voided]
            details = {**by, "reason": "found", "verified": True}
            return await self.journal.move(booking, State.BOOKED, details, payment_ids=ids)
        if own or booking.state is State.BOOKED:
            ids = [payment.id for payment in own]
            return await self.journal.move(
                booking, State.DIVERGED, describe(problem, **by), payment_ids=ids
            )
        if booking.state is State.DRAFTED:
            return await self.journal.move(booking, State.DRAFTED, booking.details)
        problem = Problem(
            "outcome_unknown",
            "The order was sent, and the target does not show it. It may still be booked. If you "
            "are certain that it will not be, release it.",
        )
        return await self.journal.move(booking, State.UNKNOWN, describe(problem, **by))
