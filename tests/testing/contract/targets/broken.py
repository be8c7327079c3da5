"""Books that each break one promise, and the cases of the contract that must report it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs

from paysdk.errors import (
    BadRequestError,
    ConfigurationError,
    NotFoundError,
    OutcomeUnknownError,
    PaysdkError,
)
from paysdk.target import BookingAccount, BookingCapabilities
from paysdk.testing.booking import FakeBooks
from tests.testing.contract.breaking import registering

BROKEN: dict[type[FakeBooks], frozenset[str]] = {}
breaks = registering(BROKEN)


# What it is, and what it finds.


@breaks("keeps_the_protocol")
class ShoutsItsName(FakeBooks):
    """Its name is not that of a provider."""

    def __init__(self) -> None:
        super().__init__(name="Books")


@breaks("says_what_it_can_do")
class SaysItInItsOwnWay(FakeBooks):
    """Its capabilities are of another class."""

    def __init__(self) -> None:
        able: Any = attrs.make_class("Able", {"previews": attrs.field(), "voids": attrs.field()})
        super().__init__(capabilities=able(previews=True, voids=True))


@breaks("finds_an_invoice_by_its_exact_number")
class FindsNumbersInAnyCase(FakeBooks):
    """A number in other letters is another number."""

    async def find_invoices(self, number: str) -> Any:
        return [
            self._invoice(each)
            for each in self.invoices.values()
            if (each.number or "").casefold() == number.casefold()
        ]


@breaks("finds_an_invoice_by_its_exact_number")
class FindsTheBeginningOfNumbers(FakeBooks):
    """A search is not an exact match."""

    async def find_invoices(self, number: str) -> Any:
        return [
            self._invoice(each)
            for each in self.invoices.values()
            if (each.number or "").startswith(number)
        ]


@breaks("lists_every_invoice_once")
class ListsTheFirstInvoiceTwice(FakeBooks):
    """Its pages overlap."""

    async def list_invoices(self) -> Any:
        for invoice in [*self.invoices.values(), *self.invoices.values()][: len(self.invoices) + 1]:
            yield self._invoice(invoice)


@breaks("lists_every_invoice_once")
class ListsOldFigures(FakeBooks):
    """Its list says that nothing is due."""

    async def list_invoices(self) -> Any:
        for invoice in self.invoices.values():
            yield attrs.evolve(invoice, due=Decimal(0))


@breaks("retrieves_an_invoice_with_its_payments", "shows_the_invoice_before_it_sends")
class HidesPaymentsOfOthers(FakeBooks):
    """Only payments with an external id are shown."""

    async def retrieve_invoice(self, invoice_id: str) -> Any:
        found = await super().retrieve_invoice(invoice_id)
        return attrs.evolve(
            found, payments=tuple(each for each in found.payments or () if each.external_id)
        )


@breaks("says_that_an_invoice_does_not_exist")
class DoesNotNameAMissingInvoice(FakeBooks):
    """It raises another error."""

    async def retrieve_invoice(self, invoice_id: str) -> Any:
        try:
            return await super().retrieve_invoice(invoice_id)
        except NotFoundError as error:
            raise BadRequestError(str(error), status=400) from None


@breaks("previews_without_booking")
class BooksWhenItPreviews(FakeBooks):
    """Its preview has an effect."""

    async def preview(self, order: Any) -> Any:
        effect = await super().preview(order)
        self._commit(order)
        return effect


@breaks("previews_without_booking")
class PreviewsWhatIsDueNow(FakeBooks):
    """Its preview leaves the order out."""

    async def preview(self, order: Any) -> Any:
        effect = await super().preview(order)
        return attrs.evolve(effect, due_after=effect.due_after + order.amount)


@breaks("finds_only_payments_of_the_order")
class FindsEqualPayments(FakeBooks):
    """A payment of the same amount may be somebody else's."""

    async def find_payments(self, order: Any) -> Any:
        found = await super().find_payments(order)
        return found or [
            each
            for each in self.payments.values()
            if each.amount == order.amount and each.external_id is None
        ]


@breaks("suggests_an_account_or_none")
class SuggestsAnAccountWithoutAName(FakeBooks):
    """A person could not know it."""

    async def suggest_account(self) -> Any:
        return BookingAccount(id=7, name=" ")


# Orders.


@breaks("books_what_was_ordered")
class BooksToday(FakeBooks):
    """The day is not that of the order."""

    def _commit(self, order: Any) -> Any:
        return super()._commit(attrs.evolve(order, payment_date=datetime.now(UTC).date()))


@breaks(
    "books_what_was_ordered",
    "books_equal_orders_each_once",
    "does_not_guess_after_a_lost_response",
    "never_books_twice",
    "never_books_twice_in_another_process",
    "sends_a_released_order_again",
    "does_not_book_what_was_voided",
    "does_not_guess_after_a_dropped_void",
    "says_that_a_void_was_refused",
    "voids_a_payment",
    "voids_no_other_payment",
)
class RoundsAmounts(FakeBooks):
    """It books whole units."""

    def _commit(self, order: Any) -> Any:
        return super()._commit(attrs.evolve(order, amount=Decimal(round(order.amount))))


@breaks("shows_the_invoice_before_it_sends", "sends_nothing_if_it_is_stopped")
class ShowsTheInvoiceAfterwards(FakeBooks):
    """It is too late to stop it."""

    async def book(self, order: Any, before_sending: Any) -> Any:
        shown: list[Any] = []

        async def keep(invoice: Any) -> None:
            shown.append(invoice)

        booked = await super().book(order, keep)
        for invoice in shown:
            await before_sending(invoice)
        return booked


@breaks("sends_nothing_if_it_is_stopped")
class DoesNotStop(FakeBooks):
    """It books although the caller stops it."""

    async def book(self, order: Any, before_sending: Any) -> Any:
        async def ask(invoice: Any) -> None:
            with suppress(Exception):
                await before_sending(invoice)

        return await super().book(order, ask)


@breaks(
    "never_books_twice",
    "never_books_twice_in_another_process",
    "does_not_guess_after_a_lost_response",
)
class BooksEachTime(FakeBooks):
    """It does not look for live payments under the external id."""

    async def book(self, order: Any, before_sending: Any) -> Any:
        find, books = self.find_payments, self

        class Blind(FakeBooks):
            async def find_payments(self, order: Any) -> Any:
                return [each for each in await find(order) if each.is_voided]

        blind = Blind(**{name: getattr(books, name) for name in _SHARED})
        return await blind.book(order, before_sending)


_SHARED = ("faults", "invoices", "payments", "held")


@breaks("does_not_guess_after_a_lost_response")
class SendsAgainAfterALostResponse(FakeBooks):
    """A retry pays twice."""

    async def book(self, order: Any, before_sending: Any) -> Any:
        try:
            return await super().book(order, before_sending)
        except OutcomeUnknownError:
            if self.payments:
                self._commit(order)
            raise


@breaks("does_not_guess_after_a_dropped_order")
class SaysThatNothingWasBooked(FakeBooks):
    """It cannot know that."""

    async def book(self, order: Any, before_sending: Any) -> Any:
        try:
            return await super().book(order, before_sending)
        except OutcomeUnknownError as error:
            if await self.find_payments(order):
                raise
            raise PaysdkError(str(error)) from None


@breaks("sends_a_released_order_again")
class NeverReleases(FakeBooks):
    """An order whose outcome is unknown blocks its external id for ever."""

    async def book(self, order: Any, before_sending: Any) -> Any:
        if self.held and not self.payments:
            raise OutcomeUnknownError("An earlier order is open.")
        try:
            return await super().book(order, before_sending)
        except OutcomeUnknownError:
            self.held.append(order)
            raise


@breaks("says_that_an_order_was_refused", "says_that_a_void_was_refused")
class DoesNotSayThatItWasRefused(FakeBooks):
    """A person would look for a payment that cannot be there."""

    def _next_fault(self, what: str) -> Any:
        try:
            return super()._next_fault(what)
        except BadRequestError as error:
            raise OutcomeUnknownError(str(error)) from None


@breaks("books_equal_orders_each_once")
class TakesEqualOrdersForOne(FakeBooks):
    """Two customers may pay the same amount on one day."""

    async def book(self, order: Any, before_sending: Any) -> Any:
        for each in self.live_payments(order.invoice_id):
            if each.amount == order.amount and each.external_id:
                order = attrs.evolve(order, external_id=each.external_id)
        return await super().book(order, before_sending)


# Voids.


@breaks(
    "voids_a_payment",
    "finds_a_voided_payment",
    "takes_a_second_void_as_done",
    "does_not_book_what_was_voided",
)
class DeletesPayments(FakeBooks):
    """A payment that was voided is no longer there."""

    async def void(self, invoice_id: str, payment_id: str, void_date: Any) -> Any:
        voided = await super().void(invoice_id, payment_id, void_date)
        del self.payments[payment_id]
        return voided


@breaks("finds_a_voided_payment", "does_not_book_what_was_voided")
class FindsOnlyLivePayments(FakeBooks):
    """Whether an order was voided cannot be seen."""

    async def find_payments(self, order: Any) -> Any:
        return [each for each in await super().find_payments(order) if not each.is_voided]


@breaks("voids_a_payment")
class VoidsToday(FakeBooks):
    """The day is not that of the order."""

    async def void(self, invoice_id: str, payment_id: str, void_date: Any) -> Any:
        return await super().void(invoice_id, payment_id, void_date and datetime.now(UTC).date())


@breaks("takes_a_second_void_as_done", "does_not_guess_after_a_lost_void")
class RefusesASecondVoid(FakeBooks):
    """A caller that lost the response cannot go on."""

    async def void(self, invoice_id: str, payment_id: str, void_date: Any) -> Any:
        if payment_id in self.payments and self.payments[payment_id].is_voided:
            raise BadRequestError("It is voided already.", status=400)
        return await super().void(invoice_id, payment_id, void_date)


@breaks("takes_a_second_void_as_done")
class VoidsAgain(FakeBooks):
    """A second void makes a second reversing entry."""

    async def void(self, invoice_id: str, payment_id: str, void_date: Any) -> Any:
        payment = await super().void(invoice_id, payment_id, void_date)
        if void_date is not None:
            self.change_payment(payment_id, voided_date=void_date)
        return self.payments.get(payment_id, payment)


@breaks("does_not_guess_after_a_dropped_void")
class SaysThatItIsVoided(FakeBooks):
    """It cannot know that."""

    async def void(self, invoice_id: str, payment_id: str, void_date: Any) -> Any:
        try:
            return await super().void(invoice_id, payment_id, void_date)
        except OutcomeUnknownError:
            return attrs.evolve(self.payments[payment_id], voided_date=void_date)


@breaks("voids_after_a_released_void")
class NeverVoidsAgain(FakeBooks):
    """A person's release has no effect."""

    def __init__(self) -> None:
        super().__init__()
        self.open_voids: set[str] = set()

    async def void(self, invoice_id: str, payment_id: str, void_date: Any) -> Any:
        if payment_id in self.open_voids:
            raise OutcomeUnknownError("An earlier void has no known outcome.")
        try:
            return await super().void(invoice_id, payment_id, void_date)
        except OutcomeUnknownError:
            if not self.payments[payment_id].is_voided:
                self.open_voids.add(payment_id)
            raise


@breaks("voids_no_other_payment")
class VoidsAtAnyInvoice(FakeBooks):
    """It does not look at the invoice."""

    async def void(self, invoice_id: str, payment_id: str, void_date: Any) -> Any:
        if payment_id in self.payments:
            invoice_id = self.payments[payment_id].invoice.id
        return await super().void(invoice_id, payment_id, void_date)


@breaks("does_not_book_what_was_voided")
class NeverBooksAgain(FakeBooks):
    """A person's order has no effect."""

    async def book(self, order: Any, before_sending: Any) -> Any:
        if order.rebook_voided:
            raise ConfigurationError("The order was booked and voided.")
        return await super().book(order, before_sending)


class CannotVoid(FakeBooks):
    """A target that cannot void, and says so."""

    def __init__(self) -> None:
        super().__init__(capabilities=BookingCapabilities(previews=False, voids=False))
