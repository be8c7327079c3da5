"""Cases about voids. They are skipped for a target that cannot void."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from datetime import date
from typing import TYPE_CHECKING
from unittest import SkipTest

from paysdk.errors import APIError, OutcomeUnknownError
from paysdk.testing.contract.promises import check, check_equal, target_case
from paysdk.testing.contract.targets.cases import AMOUNT, TargetCases, catch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from paysdk.target import BooksPayments
    from paysdk.testing.contract.targets.cases import Books
    from paysdk.testing.contract.targets.subject import TargetFailure

__all__ = ["VoidCases"]

_DAY, _LATER = date(2026, 3, 9), date(2026, 3, 10)


class VoidCases(TargetCases):
    """Voids."""

    @target_case
    async def test_voids_a_payment(self) -> None:
        """A void takes the payment off what was paid, and has the day that was given. The payment
        stays visible.
        """
        async with self._booked() as (books, target, payment_id):
            before = await target.retrieve_invoice(books.subject.invoice_id)
            voided = await target.void(books.subject.invoice_id, payment_id, _DAY)
            after = await target.retrieve_invoice(books.subject.invoice_id)
            books.check_booked(when="after the void")
            check_equal((payment_id, True), (voided.id, voided.is_voided), "what void() returned")
            check(voided.voided_date in {_DAY, None}, f"voided_date is {voided.voided_date}")
            shown = {each.id: each.is_voided for each in after.payments or ()}
            check_equal({payment_id: True}, shown, "the payments of the invoice, and their voids")
            check(
                before.due is not None and after.due == before.due + AMOUNT,
                f"{before.due} was due before it, and {after.due} after it",
            )

    @target_case
    async def test_finds_a_voided_payment(self) -> None:
        """`find_payments` also returns payments that are voided."""
        async with self._booked() as (books, target, payment_id):
            await target.void(books.subject.invoice_id, payment_id, None)
            found = {each.id: each.is_voided for each in await target.find_payments(books.order())}
            check_equal({payment_id: True}, found, "the payments that were found, and their voids")

    @target_case
    async def test_takes_a_second_void_as_done(self) -> None:
        """A second void changes nothing, and returns the payment, in this and in another
        process.
        """
        async with self._booked() as (books, target, payment_id):
            invoice_id = books.subject.invoice_id
            first = await target.void(invoice_id, payment_id, _DAY)
            for each in (target, books.open_target()):
                again = await each.void(invoice_id, payment_id, _LATER)
                check_equal(
                    (first.id, True, first.voided_date),
                    (again.id, again.is_voided, again.voided_date),
                    "what the second void returned",
                )

    @target_case
    async def test_does_not_guess_after_a_lost_void(self) -> None:
        """If the response to a void is lost, `void` finds out that the payment is voided, or it
        raises `OutcomeUnknownError`. A later call returns the voided payment.
        """
        async with self._booked(void_fails="lost") as (books, target, payment_id):
            with suppress(OutcomeUnknownError):
                await target.void(books.subject.invoice_id, payment_id, _DAY)
            again = await target.void(books.subject.invoice_id, payment_id, _DAY)
            check(again.is_voided, f"the second void returned {again!r}")
            books.check_booked(when="after it")

    @target_case
    async def test_does_not_guess_after_a_dropped_void(self) -> None:
        """If a payment may have been voided, and is still live, `void` raises
        `OutcomeUnknownError`.
        """
        async with self._booked(void_fails="dropped") as (books, target, payment_id):
            error = await catch(
                target.void(books.subject.invoice_id, payment_id, _DAY), "a void without a response"
            )
            check(
                isinstance(error, OutcomeUnknownError),
                f"{type(error).__name__} was raised: {error}",
            )
            books.check_booked(AMOUNT, when="after it")

    @target_case
    async def test_voids_after_a_released_void(self) -> None:
        """After `release_void`, a payment can be voided again whose void had no known outcome."""
        async with self._booked(void_fails="dropped") as (books, target, payment_id):
            invoice_id = books.subject.invoice_id
            with suppress(OutcomeUnknownError):
                await target.void(invoice_id, payment_id, _DAY)
            await target.release_void(invoice_id, payment_id)
            await target.void(invoice_id, payment_id, _DAY)
            books.check_booked(when="after the void was released and sent again")

    @target_case
    async def test_says_that_a_void_was_refused(self) -> None:
        """If the books refuse a void, `void` raises an `APIError`, and the payment is live."""
        async with self._booked(void_fails="refused") as (books, target, payment_id):
            error = await catch(
                target.void(books.subject.invoice_id, payment_id, _DAY), "a refused void"
            )
            check(isinstance(error, APIError), f"{type(error).__name__} was raised: {error}")
            books.check_booked(AMOUNT, when="after it")

    @target_case
    async def test_voids_no_other_payment(self) -> None:
        """`void` raises if the payment does not exist, or if it is not of this invoice. Nothing is
        voided.
        """
        async with self._booked() as (books, target, payment_id):
            invoice_id, missing = books.subject.invoice_id, books.subject.missing_id
            await catch(target.void(invoice_id, missing, _DAY), "a void of no payment")
            await catch(target.void(missing, payment_id, _DAY), "a void at another invoice")
            books.check_booked(AMOUNT, when="after voids of other payments")

    @target_case
    async def test_does_not_book_what_was_voided(self) -> None:
        """An order whose payment was voided is not booked again. `book` raises, and a person must
        order it.
        """
        async with self._booked() as (books, target, payment_id):
            await target.void(books.subject.invoice_id, payment_id, None)
            await catch(books.book(target, books.order()), "an order whose payment was voided")
            books.check_booked(when="after it")
            await books.book(target, books.order("1:g2", rebook_voided=True))
            books.check_booked(AMOUNT, when="after a person ordered to book it again")

    @asynccontextmanager
    async def _booked(
        self, void_fails: TargetFailure | None = None
    ) -> AsyncGenerator[tuple[Books, BooksPayments, str]]:
        """The books, a target that can void, and the id of a payment that it booked."""
        async with self.books(void_fails=void_fails) as books:
            target = books.open_target()
            if not target.capabilities.voids:
                raise SkipTest(
                    f"{target.name} has capabilities.voids=False, so no promise about voids can be "
                    "checked"
                )
            yield books, target, await books.book_one(target, books.order())
