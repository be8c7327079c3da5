"""Send one order: check again, write down that it is sent, send it once, and record its outcome."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from paysdk.booking.checks import check_source, check_total, recheck
from paysdk.booking.duplicates import check_open, check_similar, list_foreign
from paysdk.booking.errors import BookingTakenError
from paysdk.booking.journal import BookingJournal
from paysdk.booking.names import are_of_one_account, find_payment_id
from paysdk.booking.policy import BookingPolicy
from paysdk.booking.problem import Problem
from paysdk.booking.source import find_new, read_payments
from paysdk.booking.states import State
from paysdk.booking.verifying import check_doubled, check_effect, list_live
from paysdk.errors import (
    APIError,
    AuthenticationError,
    ConfigurationError,
    DuplicatePaymentError,
    OutcomeUnknownError,
    PaysdkError,
    RateLimitedError,
    ServerError,
    TransportError,
)
from paysdk.sync.errors import StoreError
from paysdk.sync.store import SQLPaymentStore
from paysdk.target import BooksPayments

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paysdk.booking.booking import Booking
    from paysdk.target import Booked, TargetInvoice

__all__ = ["Sender", "describe", "is_refusal"]

# Request Timeout and Too Early do not say whether the request was processed.
_UNCLEAR_STATUSES = {408, 425}


class _RefusedError(Exception):
    """The check before sending found a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


def describe(problem: Problem, **more: object) -> dict[str, object]:
    """Return the details of a step that a problem caused."""
    return {"reason": problem.reason, "sentence": problem.sentence, **more}


@attrs.define(kw_only=True)
class Sender:
    """Books the orders of one run in a target."""

    store: SQLPaymentStore
    target: BooksPayments
    policy: BookingPolicy
    feed_position: int
    journal: BookingJournal
    by: str

    async def send(self, booking: Booking) -> Booking | None:
        """Book one approved line, and return it in its new state.

        Returns ``None`` if another worker has it. A line that could not be sent, for example during
        an outage, is approved again, and the error is raised.
        """
        claimed = await self.journal.take(booking, State.CLAIMED, {"by": self.by})
        if claimed is None:
            return None
        # One order at a time on an invoice, in every process that shares the store. Together, two
        # orders that were checked at the same time could pay more than is due.
        async with self.store.exclusive(self._name_of(booking)):
            return await _Order(self, claimed).run()

    def _name_of(self, booking: Booking) -> str:
        invoice = booking.line.invoice_id
        return f"booking {self.target.name} {booking.target_account} invoice {invoice}"


class _Order:
    """The steps of one order."""

    def __init__(self, sender: Sender, booking: Booking) -> None:
        self._sender = sender
        self._journal = sender.journal
        self._by = {"by": sender.by}
        self._booking = booking
        self._before: TargetInvoice | None = None

    async def run(self) -> Booking | None:
        try:
            booked = await self._book()
        except BookingTakenError:
            return None
        except _RefusedError as refused:
            return await self._end(State.REFUSED, describe(refused.problem, **self._by))
        except PaysdkError as error:
            return await self._fail(error)
        except BaseException:
            await self._leave()
            raise
        return await self._record(booked)

    async def _book(self) -> Booked:
        line = self._booking.line
        await self._check_source()
        return await self._sender.target.book(
            line.to_order(self._sender.policy), self._before_sending
        )

    async def _check_source(self) -> None:
        key = self._booking.key
        found = await read_payments(
            self._sender.store, key.source, key.source_account, [key.payment_id]
        )
        payment = next((each.payment for each in found if each.vanished_at is None), None)
        line = self._booking.line
        problem = check_source(line, payment)
        if problem is None and payment is not None:
            problem = check_total(line, payment)
        if problem is not None:
            raise _RefusedError(problem)

    async def _before_sending(self, invoice: TargetInvoice) -> None:
        """Check the line against the invoice as it is now, and write down that it is sent."""
        booking = self._booking
        others = await self._journal.read_open(booking.target, booking.target_account)
        known = await self._find_known(invoice, others)
        names = {each.external_id for each in invoice.payments or ()} - {None}
        ours = {name for name in names if name and find_payment_id(name) in known}
        problem = (
            check_open(booking, others, known)
            or recheck(booking.line, invoice, self._sender.policy, others, ours)
            or await self._check_new(invoice, ours)
        )
        if problem is not None:
            raise _RefusedError(problem)
        self._before = invoice
        details = {
            **self._by,
            "due": invoice.due,
            "status": invoice.status,
            "live_payments": list_live(invoice.payments or ()),
        }
        self._booking = await self._journal.move(booking, State.SENT, details, keep=True)

    async def _find_known(self, invoice: TargetInvoice, others: Iterable[Booking]) -> set[str]:
        """The other payments of the account that are booked on an invoice, or may be.

        A payment counts only if the source still has it for this invoice. If the source no longer
        has it, its booking may be of the line's own payment, under an id that this payment had
        before. If the store never had it, another store uses the same account name.
        """
        key, line = self._booking.key, self._booking.line
        payment_ids = {
            payment_id
            for each in invoice.payments or ()
            if (name := each.external_id) is not None
            and are_of_one_account(line.external_id, name)
            and (payment_id := find_payment_id(name)) is not None
        }
        payment_ids |= {
            each.key.payment_id for each in others if each.line.invoice_id == line.invoice_id
        }
        found = await read_payments(
            self._sender.store, key.source, key.source_account, payment_ids - {key.payment_id}
        )
        return {
            each.payment.id
            for each in found
            if each.vanished_at is None
            and not each.payment.is_voided
            and each.payment.invoice.number == line.number
        }

    async def _check_new(self, invoice: TargetInvoice, ours: set[str]) -> Problem | None:
        """Check that others booked nothing on the invoice since the plan, on any day.

        The plan found no counterpart among the payments that it knew. A new payment may be the
        counterpart, also in parts or together with others. A payment that the plan knew, such as an
        instalment of another month, is not new.
        """
        booking, line = self._booking, self._booking.line
        foreign = list_foreign(line.external_id, invoice.payments or (), ours)
        if not foreign:
            return None
        ids = await find_new(
            self._sender.store,
            booking.target,
            booking.target_account,
            [each.id for each in foreign],
            after=self._sender.feed_position,
        )
        new = [each for each in foreign if each.id in ids]
        if not new:
            return None
        shown = "; ".join(f"{each.amount:f} of {each.payment_date}" for each in new)
        return check_similar(
            line.external_id, line.amount, line.payment_date, new, days=None, ours=ours
        ) or Problem(
            "new_payments",
            f"The plan did not know these payments of the invoice: {shown}. Sync both accounts and "
            "make a new plan.",
        )

    async def _fail(self, error: PaysdkError) -> Booking | None:
        """Record what an error says about the order."""
        if isinstance(error, DuplicatePaymentError):
            problem = Problem("booked_twice" if error.sent else "possible_duplicate", str(error))
            state = State.DIVERGED if error.sent else State.REFUSED
            ids = error.payment_ids if error.sent else None
            return await self._end(state, describe(problem, **self._by), ids)
        was_sent = self._booking.state is State.SENT
        if was_sent and not _proves_nothing_booked(error):
            # The error's own message is for programmers: it names what they can call.
            problem = Problem(
                "outcome_unknown",
                "The order was sent, and no clear response came back. It may be booked.",
            )
            return await self._end(State.UNKNOWN, describe(problem, **self._by, error=str(error)))
        if is_refusal(error):
            return await self._end(
                State.REFUSED, describe(Problem("refused_by_target", str(error)), **self._by)
            )
        await self._end(State.APPROVED, describe(Problem("not_sent", str(error)), **self._by))
        raise error

    async def _leave(self) -> None:
        """After a cancellation or an unexpected error: free the booking, and guess nothing."""
        with suppress(BookingTakenError, StoreError):
            if self._booking.state is State.SENT:
                problem = Problem("outcome_unknown", "The worker was stopped during the request.")
                await self._journal.move(self._booking, State.UNKNOWN, describe(problem))
            else:
                await self._journal.move(self._booking, State.APPROVED, self._by)

    async def _record(self, booked: Booked) -> Booking | None:
        if booked.drafted:
            problem = Problem("drafted", "It waits in the target for a person's approval.")
            return await self._end(State.DRAFTED, describe(problem, **self._by))
        line, details = self._booking.line, dict[str, object](self._by)
        if self._booking.state is State.CLAIMED:
            # It was booked before, by a worker whose record was lost.
            details["reason"] = "found"
        if booked.invoice is None:
            return await self._end(State.BOOKED, {**details, "verified": False}, booked.payment_ids)
        found = check_effect(
            line, booked.payment_ids, self._before, booked.invoice, booked.credit_memos
        ) or check_doubled(
            line,
            booked.payment_ids,
            None if self._before is None else list_live(self._before.payments or ()),
            booked.invoice,
            self._sender.policy,
        )
        if found is None:
            details |= {"verified": True, "due": booked.invoice.due}
            return await self._end(State.BOOKED, details, booked.payment_ids)
        return await self._end(State.DIVERGED, describe(found, **self._by), booked.payment_ids)

    async def _end(
        self, state: State, details: dict[str, object], payment_ids: tuple[str, ...] | None = None
    ) -> Booking | None:
        try:
            return await self._journal.move(self._booking, state, details, payment_ids=payment_ids)
        except BookingTakenError:
            # The other worker looks up what came of it.
            return None


def is_refusal(error: PaysdkError) -> bool:
    """Whether *error* refuses this one order or void, so that others may still be sent."""
    if isinstance(error, ConfigurationError):
        return True
    return (
        isinstance(error, APIError)
        and not isinstance(error, AuthenticationError | RateLimitedError | ServerError)
        and error.status not in _UNCLEAR_STATUSES
    )


def _proves_nothing_booked(error: PaysdkError) -> bool:
    """Whether an order that was written down as sent certainly was not processed."""
    if isinstance(error, OutcomeUnknownError):
        return False
    if isinstance(error, TransportError):
        return error.never_sent
    return is_refusal(error) or isinstance(error, AuthenticationError | RateLimitedError)
