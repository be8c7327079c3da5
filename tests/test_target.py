"""The protocols of targets, and what they take and return."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from paysdk import CampfireProvider, NotifyProvider
from paysdk.target import Booked, BookingOrder, BooksPayments, HasBookingTarget, PaymentEffect
from paysdk.testing.booking import FakeBooks


def test_what_can_book_is_told_by_its_methods() -> None:
    """A target needs no base class, and neither does a provider that has one."""
    campfire: object = CampfireProvider("sandbox-key")

    assert isinstance(FakeBooks(), BooksPayments)
    assert isinstance(campfire, HasBookingTarget)
    assert isinstance(campfire.booking_target(), BooksPayments)
    assert not isinstance(campfire, BooksPayments)
    assert not isinstance(NotifyProvider("sandbox-key"), HasBookingTarget)


def test_what_an_order_leaves_out() -> None:
    """A name that was voided is used again on order only, and there is no discount by default."""
    order = BookingOrder(
        invoice_id="1",
        amount=Decimal("1.50"),
        currency="EUR",
        payment_date=date(2026, 3, 2),
        account_id=7,
        account_name="Clearing",
        external_id="paysdk:notify:default:p1",
        memo="",
    )
    booked = Booked(payment_ids=("7",))

    assert order.rebook_voided is False
    assert Decimal(0) == PaymentEffect(due_after=Decimal(1)).discount
    assert (False, (), None) == (booked.drafted, booked.credit_memos, booked.invoice)
