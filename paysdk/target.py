"""The protocol of a provider that can book payments, and the values that it takes and returns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol, TypeAlias, runtime_checkable

import attrs

from paysdk.payment import Payment

__all__ = [
    "BeforeSending",
    "Booked",
    "BookingAccount",
    "BookingCapabilities",
    "BookingOrder",
    "BooksPayments",
    "HasBookingTarget",
    "PaymentEffect",
    "TargetInvoice",
]


@attrs.frozen(kw_only=True)
class BookingCapabilities:
    """What a target can do.

    ``previews`` says whether it can tell the effect of a payment without booking it. ``voids`` says
    whether it can void a payment that it booked. Without this, no booking can be undone.
    """

    previews: bool
    voids: bool


@attrs.frozen(kw_only=True)
class TargetInvoice:
    """An invoice of the target.

    ``status`` is the provider's own word. ``is_payable`` says whether that word allows a payment,
    and ``is_voided`` whether the invoice was voided or deleted. ``payments`` includes voided ones,
    and is ``None`` if the invoice comes from a list that does not show them.
    """

    id: str
    number: str | None
    entity: str | None
    currency: str | None
    status: str | None
    is_payable: bool
    total: Decimal | None
    due: Decimal | None
    client_name: str | None = None
    payments: tuple[Payment, ...] | None = None
    is_voided: bool = False


@attrs.frozen(kw_only=True)
class BookingOrder:
    """A payment to book. ``amount`` is in major units of ``currency``."""

    invoice_id: str
    amount: Decimal
    currency: str
    payment_date: date
    account_id: int
    account_name: str
    external_id: str
    memo: str
    rebook_voided: bool = False


@attrs.frozen(kw_only=True)
class PaymentEffect:
    """What the target says that a payment would do. Nothing is booked for it.

    ``discount`` is an early-payment discount that the payment would trigger.
    """

    due_after: Decimal
    discount: Decimal = Decimal(0)


@attrs.frozen(kw_only=True)
class Booked:
    """What came of an order.

    ``drafted`` is true if the target accepted the order, and a person must still approve it there.
    ``credit_memos`` names the credit memos that the target made for an overpayment. ``invoice`` is
    the invoice afterwards, if the target has read it.
    """

    payment_ids: tuple[str, ...]
    drafted: bool = False
    credit_memos: tuple[str, ...] = ()
    invoice: TargetInvoice | None = None


@attrs.frozen(kw_only=True)
class BookingAccount:
    """An account of the target's books."""

    id: int
    name: str


# Gets the invoice as it is just before the order is sent. If it raises, nothing is sent.
BeforeSending: TypeAlias = Callable[[TargetInvoice], Awaitable[None]]


@runtime_checkable
class BooksPayments(Protocol):
    """A system in which payments can be booked."""

    @property
    def name(self) -> str:
        """The provider's name, as in ``Payment.provider``."""
        ...

    @property
    def capabilities(self) -> BookingCapabilities:
        """What it can do."""
        ...

    async def find_invoices(self, number: str) -> Sequence[TargetInvoice]:
        """Return the invoices with exactly this number."""
        ...

    def list_invoices(self) -> AsyncIterator[TargetInvoice]:
        """Yield every invoice."""
        ...

    async def retrieve_invoice(self, invoice_id: str) -> TargetInvoice:
        """Return one invoice with its payments. Raises ``NotFoundError`` if it does not exist."""
        ...

    async def preview(self, order: BookingOrder) -> PaymentEffect:
        """Return the effect of an order. Nothing is booked."""
        ...

    async def find_payments(self, order: BookingOrder) -> Sequence[Payment]:
        """Return the payments under the order's external id, also voided ones, wherever they are.

        An empty result proves nothing about an order that was sent: it may still be booked.
        """
        ...

    async def book(self, order: BookingOrder, before_sending: BeforeSending) -> Booked:
        """Book the order once.

        If its external id is booked already, this returns those payments and sends nothing. Before
        it sends anything, it awaits *before_sending*. Raises ``OutcomeUnknownError`` if the order
        may have been booked, and ``DuplicatePaymentError`` if it may be booked already or if more
        is booked than was ordered.
        """
        ...

    async def release(self, order: BookingOrder) -> None:
        """Forget that the order was sent, because a person says that it will not be booked."""
        ...

    async def void(self, invoice_id: str, payment_id: str, void_date: date | None) -> Payment:
        """Void a payment, or return it if it is voided already.

        It must not move money: a payment whose void would refund real money is refused. Raises
        ``OutcomeUnknownError`` if the payment may or may not have been voided.
        """
        ...

    async def release_void(self, invoice_id: str, payment_id: str) -> None:
        """Forget that a void was sent, because a person says that it will not be carried out."""
        ...

    async def check_account(self, account: BookingAccount) -> None:
        """Raise ``ConfigurationError`` if payments from another system must not be booked to it.

        That is an account that does not exist, has another name or is not active, and a bank
        account. A target that cannot know that does nothing.
        """
        ...

    async def suggest_account(self) -> BookingAccount | None:
        """Return the account that fits payments from another system, or ``None`` if unknown."""
        ...


@runtime_checkable
class HasBookingTarget(Protocol):
    """A provider that can book payments."""

    def booking_target(self) -> BooksPayments:
        """Return the target that books in this provider."""
        ...
