"""Collect what a person must look at in a plan, with what explains it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from paysdk.booking.candidates import LeftOut, may_be_booked_again
from paysdk.booking.journal import BookingJournal
from paysdk.booking.looking import Lookup
from paysdk.booking.near_numbers import find_near
from paysdk.booking.pair import Pair
from paysdk.booking.plan import ReviewLine
from paysdk.booking.policy import BookingPolicy
from paysdk.booking.problem import Problem
from paysdk.booking.states import State
from paysdk.target import BooksPayments

if TYPE_CHECKING:
    from paysdk.booking.booking import Booking
    from paysdk.payment import Payment

__all__ = ["Review"]

# A payment with one of these reasons has a number that no invoice has.
_UNKNOWN_NUMBER = frozenset({"no_invoice", "no_number"})


@attrs.define(kw_only=True)
class Review:
    """The payments that a plan does not book: those for review, and how many are left out."""

    target: BooksPayments
    pair: Pair
    policy: BookingPolicy
    by: str
    journal: BookingJournal
    lines: list[ReviewLine] = attrs.field(factory=list[ReviewLine])
    left_out: Counter[str] = attrs.field(factory=Counter[str])
    # By the payment of the source.
    gone: dict[str, Problem] = attrs.field(factory=dict[str, Problem])

    def note(self, payment: Payment, why: Problem | LeftOut) -> None:
        """Note why a payment is not booked."""
        if isinstance(why, LeftOut):
            self.left_out[why.reason] += 1
            return
        self.lines.append(
            ReviewLine(
                side=self.pair.source,
                payment_id=payment.id,
                number=payment.invoice.number,
                amount=payment.amount,
                currency=payment.currency or self.policy.currency,
                payment_date=payment.payment_date,
                reason=why.reason,
                sentence=why.sentence,
                nearest=why.nearest,
            )
        )

    async def look_up(self, booking: Booking) -> None:
        """Look up a booked payment that the store does not have. Note it if it is gone.

        A payment that was deleted in the target before any sync saw it shows only here.
        """
        lookup = Lookup(
            target=self.target, policy=self.policy, journal=self.journal, rest=0, by=self.by
        )
        if (problem := await lookup.find_gone(booking)) is not None:
            self.gone[booking.key.payment_id] = problem

    async def finish(self) -> tuple[ReviewLine, ...]:
        """Return the lines for review, with what their bookings say and the nearest numbers."""
        await self._explain_all_booked()
        return await self._show_near_numbers()

    async def _explain_all_booked(self) -> None:
        """Say what the bookings of the lines for review say about them."""
        ids = [line.payment_id for line in self.lines]
        known = await self.journal.find(self.pair.source, self.pair.source_account, ids)
        for place, line in enumerate(self.lines):
            booking = known.get(line.payment_id)
            if booking is not None:
                if booking.state is State.BOOKED:
                    await self.look_up(booking)
                self.lines[place] = self._explain_booked(line, booking)

    def _explain_booked(self, line: ReviewLine, booking: Booking) -> ReviewLine:
        if (gone := self.gone.get(line.payment_id)) is not None:
            return attrs.evolve(line, reason=gone.reason, sentence=gone.sentence)
        if may_be_booked_again(booking):
            again = f"To book it again, order that in a plan: --rebook {line.payment_id}"
            return attrs.evolve(line, sentence=f"{line.sentence} {again}")
        return line

    async def _show_near_numbers(self) -> tuple[ReviewLine, ...]:
        """The lines for review. Those with an unknown number show the nearest ones."""
        numbers = {
            line.payment_id: self.policy.map_number(line.number) or line.number
            for line in self.lines
            if line.reason in _UNKNOWN_NUMBER and line.number
        }
        if not numbers:
            return tuple(self.lines)
        near = await find_near(set(numbers.values()), self.target.list_invoices())
        return tuple(
            attrs.evolve(line, nearest=near.get(numbers[line.payment_id]))
            if line.payment_id in numbers
            else line
            for line in self.lines
        )
