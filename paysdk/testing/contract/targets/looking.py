"""Cases about what a target is, and what it finds. Nothing is booked by these."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from paysdk.errors import NotFoundError
from paysdk.target import BookingAccount, BookingCapabilities, BooksPayments
from paysdk.testing.contract.promises import check, check_equal, target_case
from paysdk.testing.contract.targets.cases import AMOUNT, DAY, TargetCases, catch

if TYPE_CHECKING:
    from paysdk.target import TargetInvoice

__all__ = ["LookupCases"]


class LookupCases(TargetCases):
    """What a target is, and what it finds."""

    @target_case
    async def test_keeps_the_protocol(self) -> None:
        """A target has the attributes of `BooksPayments`, and a name in lower case."""
        async with self.books() as books:
            target = books.open_target()
            check(
                isinstance(target, BooksPayments),
                f"{target!r} lacks something that BooksPayments names",
            )
            name: object = target.name
            check(isinstance(name, str) and name and name == name.lower(), f"the name is {name!r}")

    @target_case
    async def test_says_what_it_can_do(self) -> None:
        """`capabilities` is a `BookingCapabilities`."""
        async with self.books() as books:
            able: object = books.open_target().capabilities
            check(isinstance(able, BookingCapabilities), f"capabilities is {able!r}")

    @target_case
    async def test_finds_an_invoice_by_its_exact_number(self) -> None:
        """`find_invoices` returns the invoices with exactly this number: none for a number that is
        longer, shorter or in other letters.
        """
        async with self.books() as books:
            target, number = books.open_target(), books.subject.number
            found = await target.find_invoices(number)
            check_equal(
                [(books.subject.invoice_id, number)],
                [(each.id, each.number) for each in found],
                f"the ids and numbers of the invoices that were found by {number!r}",
            )
            for near in {f"{number}0", number[:-1], f"0{number}", number.swapcase()} - {number}:
                others = [each.number for each in await target.find_invoices(near)]
                check(set(others) <= {near}, f"find_invoices({near!r}) found {others}")

    @target_case
    async def test_lists_every_invoice_once(self) -> None:
        """`list_invoices` yields each invoice once, with the figures that `find_invoices` and
        `retrieve_invoice` have.
        """
        async with self.books() as books:
            target = books.open_target()
            listed = [each async for each in target.list_invoices()]
            ids = [each.id for each in listed]
            check(len(ids) == len(set(ids)), f"these ids were listed: {ids}")
            alone = await target.retrieve_invoice(books.subject.invoice_id)
            check_equal(
                [_figures(alone)],
                [_figures(each) for each in listed if each.id == alone.id],
                "what the list says of the invoice",
            )

    @target_case
    async def test_retrieves_an_invoice_with_its_payments(self) -> None:
        """`retrieve_invoice` returns the invoice's payments. What is due is exact, and the payments
        lower it.
        """
        async with self.books() as books:
            target, invoice_id = books.open_target(), books.subject.invoice_id
            before = await target.retrieve_invoice(invoice_id)
            paid = books.subject.pay(invoice_id, AMOUNT)
            after = await target.retrieve_invoice(invoice_id)
            check(before.is_payable, f"an open invoice is not payable: {before!r}")
            for name, amount in (("total", before.total), ("due", before.due)):
                check(isinstance(amount, Decimal), f"{name} is {amount!r}")
            check_equal((), before.payments, "the payments of an invoice without any")
            check_equal(
                [(paid, AMOUNT, invoice_id)],
                [(each.id, each.amount, each.invoice.id) for each in after.payments or ()],
                "the ids, amounts and invoices of its payments",
            )
            check_equal(
                (before.due or Decimal(0)) - AMOUNT, after.due, f"what is due after {AMOUNT}"
            )

    @target_case
    async def test_says_that_an_invoice_does_not_exist(self) -> None:
        """`retrieve_invoice` raises `NotFoundError` for an invoice that does not exist."""
        async with self.books() as books:
            missing = books.subject.missing_id
            error = await catch(
                books.open_target().retrieve_invoice(missing), f"retrieve_invoice({missing!r})"
            )
            check(isinstance(error, NotFoundError), f"{type(error).__name__} was raised: {error}")

    @target_case
    async def test_previews_without_booking(self) -> None:
        """If it previews, `preview` returns what would be due after an order, and books nothing."""
        async with self.books() as books:
            target = books.open_target()
            if target.capabilities.previews:
                before = await target.retrieve_invoice(books.subject.invoice_id)
                effect = await target.preview(books.order())
                check_equal(
                    (before.due or Decimal(0)) - AMOUNT - effect.discount,
                    effect.due_after,
                    f"what would be due after {AMOUNT}",
                )
                books.check_booked(when="after a preview")

    @target_case
    async def test_finds_only_payments_of_the_order(self) -> None:
        """`find_payments` returns only payments with the order's external id, even if others have
        its amount and date.
        """
        async with self.books() as books:
            target = books.open_target()
            books.subject.pay(books.subject.invoice_id, AMOUNT)
            await books.book(target, books.order("2", amount=AMOUNT + 1))
            found = await target.find_payments(books.order(payment_date=DAY))
            check(not found, f"it found {found!r}")

    @target_case
    async def test_suggests_an_account_or_none(self) -> None:
        """`suggest_account` returns an account of the books with its id and name, or `None`."""
        async with self.books() as books:
            account: object = await books.open_target().suggest_account()
            check(
                account is None
                or (isinstance(account, BookingAccount) and bool(account.name.strip())),
                f"it suggests {account!r}",
            )


def _figures(invoice: TargetInvoice) -> tuple[object, ...]:
    return (invoice.id, invoice.number, invoice.currency, invoice.total, invoice.due)
