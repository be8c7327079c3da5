"""Cases about orders: each is booked once, whatever fails."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from paysdk.errors import APIError, OutcomeUnknownError
from paysdk.testing.contract.promises import check, check_equal, target_case
from paysdk.testing.contract.targets.cases import AMOUNT, DAY, TargetCases, catch

if TYPE_CHECKING:
    from paysdk.target import BooksPayments, TargetInvoice
    from paysdk.testing.contract.targets.cases import Books

__all__ = ["OrderCases"]


class OrderCases(TargetCases):
    """Orders."""

    @target_case
    async def test_books_what_was_ordered(self) -> None:
        """An order becomes a payment with its exact amount, day, currency and invoice, under its
        external id.
        """
        async with self.books() as books:
            target, order = books.open_target(), books.order()
            booked = await books.book(target, order)
            found = await target.find_payments(order)
            books.check_booked(AMOUNT, when="after an order")
            check_equal(
                sorted(booked.payment_ids),
                sorted(each.id for each in found),
                "the ids that book() returned, and those that find_payments() finds",
            )
            check_equal(AMOUNT, sum((each.amount for each in found), Decimal(0)), "their sum")
            check_equal(
                {(DAY, order.currency, order.invoice_id, order.external_id, False)},
                {
                    (
                        each.payment_date,
                        each.currency,
                        each.invoice.id,
                        each.external_id,
                        each.is_voided,
                    )
                    for each in found
                },
                "day, currency, invoice, external id and whether it is voided",
            )

    @target_case
    async def test_shows_the_invoice_before_it_sends(self) -> None:
        """`book` awaits `before_sending` once, before anything is booked, with the invoice as it is
        then and its payments.
        """
        async with self.books() as books:
            target = books.open_target()
            books.subject.pay(books.subject.invoice_id, Decimal(1))
            before = await target.retrieve_invoice(books.subject.invoice_id)
            booked: list[list[Decimal]] = []

            async def look(invoice: TargetInvoice) -> None:
                booked.append(books.live_amounts())
                await books.before_sending(invoice)

            await target.book(books.order(), look)
            check_equal([[Decimal(1)]], booked, "what was booked when before_sending was awaited")
            check_equal(
                [(before.id, before.due, 1)],
                [(each.id, each.due, len(each.payments or ())) for each in books.seen],
                "the id, what is due and the number of payments that before_sending was given",
            )

    @target_case
    async def test_sends_nothing_if_it_is_stopped(self) -> None:
        """If `before_sending` raises, `book` raises the same error, and nothing is booked."""

        def stop() -> NoReturn:
            raise _StoppedError

        async def before_sending(_: TargetInvoice) -> None:
            stop()

        async with self.books() as books:
            try:
                await books.open_target().book(books.order(), before_sending)
            except _StoppedError:
                stopped = True
            else:
                stopped = False
            books.check_booked(when="after before_sending raised")
            check(stopped, "the error of before_sending was not raised")

    @target_case
    async def test_never_books_twice(self) -> None:
        """An order that is booked already is not sent again. `book` returns its payments."""
        async with self.books() as books:
            target = books.open_target()
            await self._check_second(books, target, target)

    @target_case
    async def test_never_books_twice_in_another_process(self) -> None:
        """The external id is enough to find what another process has booked."""
        async with self.books() as books:
            await self._check_second(books, books.open_target(), books.open_target())

    @target_case
    async def test_books_equal_orders_each_once(self) -> None:
        """Two orders with the same amount and day and other external ids are two payments."""
        async with self.books() as books:
            target = books.open_target()
            ids = {await books.book_one(target, books.order(name)) for name in ("1", "2")}
            books.check_booked(AMOUNT, AMOUNT, when="after two equal orders")
            check_equal(2, len(ids), "the number of their payments")

    @target_case
    async def test_does_not_guess_after_a_lost_response(self) -> None:
        """If the response to an order is lost, `book` finds its payment, or it raises
        `OutcomeUnknownError`. A later call books nothing more.
        """
        async with self.books(order_fails="lost") as books:
            target, order = books.open_target(), books.order()
            with suppress(OutcomeUnknownError):
                await books.book(target, order)
            books.check_booked(AMOUNT, when="after the first call")
            again = await books.book(target, order)
            books.check_booked(AMOUNT, when="after the second call")
            found = {each.id for each in await target.find_payments(order)}
            check_equal(found, set(again.payment_ids), "the ids that the second call returned")

    @target_case
    async def test_does_not_guess_after_a_dropped_order(self) -> None:
        """If an order may have been booked, and it cannot be found, `book` raises
        `OutcomeUnknownError`. It never says that nothing was booked.
        """
        async with self.books(order_fails="dropped") as books:
            error = await catch(
                books.book(books.open_target(), books.order()), "an order without a response"
            )
            check(
                isinstance(error, OutcomeUnknownError),
                f"{type(error).__name__} was raised: {error}",
            )
            books.check_booked(when="after it")

    @target_case
    async def test_sends_a_released_order_again(self) -> None:
        """After `release`, an order whose outcome was unknown can be sent again, and is booked
        once.
        """
        async with self.books(order_fails="dropped") as books:
            target, order = books.open_target(), books.order()
            await catch(books.book(target, order), "an order without a response")
            await target.release(order)
            await books.book(target, order)
            books.check_booked(AMOUNT, when="after it was released and sent again")

    @target_case
    async def test_says_that_an_order_was_refused(self) -> None:
        """If the books refuse an order, `book` raises an `APIError`, and nothing is booked."""
        async with self.books(order_fails="refused") as books:
            error = await catch(books.book(books.open_target(), books.order()), "a refused order")
            check(isinstance(error, APIError), f"{type(error).__name__} was raised: {error}")
            books.check_booked(when="after it")

    async def _check_second(
        self, books: Books, first: BooksPayments, second: BooksPayments
    ) -> None:
        once = await books.book(first, books.order())
        again = await books.book(second, books.order())
        books.check_booked(AMOUNT, when="after the same order twice")
        check_equal(
            set(once.payment_ids), set(again.payment_ids), "the ids that the second call returned"
        )
        check_equal(1, len(books.seen), "the number of times that before_sending was awaited")


class _StoppedError(Exception):
    """What a caller raises to stop an order."""
