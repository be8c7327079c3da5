"""Campfire as a target of ``paysdk.booking``.

Sources: the API's own schema of July 2026. An order is a manual payment ("empty transaction"),
because its external id comes back in the listing of payments. Only that makes an order findable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.arguments import check_record_id
from paysdk.providers.campfire.normalise import NAME
from paysdk.providers.campfire.paying.items import (
    CreditMemoPayment,
    DebitMemoPayment,
    ManualPayment,
    TransactionPayment,
)
from paysdk.providers.campfire.paying.operation import Consent
from paysdk.providers.campfire.paying.order import PayOrder
from paysdk.target import (
    Booked,
    BookingAccount,
    BookingCapabilities,
    PaymentEffect,
    TargetInvoice,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import date

    from paysdk.payment import Payment
    from paysdk.providers.campfire.accounts.schema import Account
    from paysdk.providers.campfire.invoices.schema import Invoice, InvoiceSummary
    from paysdk.providers.campfire.paying.payer import Payer
    from paysdk.providers.campfire.provider import CampfireProvider
    from paysdk.target import BeforeSending, BookingOrder

__all__ = ["CampfireTarget"]

# The values of payment_status that allow a payment. The others are draft, paid, uncollectible and
# voided.
_PAYABLE = frozenset({"open", "sent", "partial"})
_PAGE_SIZE = 1000


class CampfireTarget:
    """Books payments in Campfire, and voids them."""

    name: str = NAME
    capabilities: BookingCapabilities = BookingCapabilities(previews=True, voids=True)

    def __init__(self, provider: CampfireProvider, payer: Payer) -> None:
        self._provider = provider
        self._payer = payer

    async def find_invoices(self, number: str) -> Sequence[TargetInvoice]:
        found = await self._provider.list_invoices(invoice_number=number).collect()
        # An API older than the filter ignores it, and lists everything.
        return [_to_target(each) for each in found if each.invoice_number == number]

    async def list_invoices(self) -> AsyncIterator[TargetInvoice]:
        async for invoice in self._provider.list_invoices(page_size=_PAGE_SIZE):
            yield _to_target(invoice)

    async def retrieve_invoice(self, invoice_id: str) -> TargetInvoice:
        invoice = await self._provider.retrieve_invoice(_to_id(invoice_id))
        return _to_target(invoice, invoice.payments)

    async def preview(self, order: BookingOrder) -> PaymentEffect:
        preview = await self._provider.preview_payment(
            order.invoice_id, empty_transactions=[_to_item(order)]
        )
        return PaymentEffect(due_after=preview.remaining_due, discount=preview.term_discounts)

    async def find_payments(self, order: BookingOrder) -> Sequence[Payment]:
        found = await self._provider.list_payments(
            external_id=order.external_id, page_size=_PAGE_SIZE
        ).collect()
        return [each for each in found if each.external_id == order.external_id]

    async def book(self, order: BookingOrder, before_sending: BeforeSending) -> Booked:
        seen: list[TargetInvoice] = []

        async def before(invoice: Invoice, payments: tuple[Payment, ...]) -> None:
            await before_sending(_to_target(invoice, payments))

        consent = Consent(
            rebook_voided=order.rebook_voided,
            before_sending=before,
            after_sending=lambda invoice, payments: seen.append(_to_target(invoice, payments)),
        )
        outcome = await self._payer.pay(_to_id(order.invoice_id), _to_pay_order(order), consent)
        if not seen and outcome.invoice is not None:
            seen.append(_to_target(outcome.invoice, outcome.invoice.payments))
        return Booked(
            payment_ids=outcome.payment_ids,
            drafted=outcome.drafted,
            credit_memos=tuple(memo.number or memo.id for memo in outcome.credit_memos),
            invoice=seen[-1] if seen else None,
        )

    async def release(self, order: BookingOrder) -> None:
        await self._provider.release_orders(_to_id(order.invoice_id), external_id=order.external_id)

    async def void(self, invoice_id: str, payment_id: str, void_date: date | None) -> Payment:
        return await self._provider.void_payment(invoice_id, payment_id, void_date=void_date)

    async def release_void(self, invoice_id: str, payment_id: str) -> None:
        await self._provider.release_orders(_to_id(invoice_id), payment_id=payment_id)

    async def check_account(self, account: BookingAccount) -> None:
        accounts = await self._provider.list_accounts().collect()
        known = next((each for each in accounts if each.id == account.id), None)
        problem = _find_problem(account, known)
        if problem is not None:
            raise ConfigurationError(
                f"Nothing can be booked to account {account.id} of campfire: {problem} Correct "
                "account_id and account_name in the policy. 'paysdk accounts' lists the accounts."
            )

    async def suggest_account(self) -> BookingAccount | None:
        settings = await self._provider.retrieve_account_settings()
        account = settings.default_clearing
        if account is None:
            return None
        return BookingAccount(id=account.id, name=account.name_and_number or str(account.id))


def _find_problem(account: BookingAccount, known: Account | None) -> str | None:
    if known is None:
        return "it does not exist."
    shown = known.name_and_number or known.name
    if account.name not in {known.name_and_number, known.name}:
        return f"it is called {shown}, and the policy calls it {account.name}."
    if known.subtype == "BANK":
        return f"{shown} is a bank account, and the bank feed brings the same money again."
    if known.status == "INACTIVE":
        return f"{shown} is not active."
    return None


def _to_id(invoice_id: str) -> int:
    return check_record_id("invoice_id", invoice_id, "invoice")


def _to_item(order: BookingOrder) -> ManualPayment:
    return ManualPayment(
        amount=order.amount,
        account_id=order.account_id,
        account_name=order.account_name,
        payment_date=order.payment_date,
        external_id=order.external_id,
        memo=order.memo,
    )


def _to_pay_order(order: BookingOrder) -> PayOrder:
    return PayOrder.of(
        {
            "transactions": (TransactionPayment, ()),
            "credit_memos": (CreditMemoPayment, ()),
            "debit_memos": (DebitMemoPayment, ()),
            "empty_transactions": (ManualPayment, [_to_item(order)]),
        }
    )


def _to_target(
    invoice: Invoice | InvoiceSummary, payments: Sequence[Payment] | None = None
) -> TargetInvoice:
    is_voided = (
        invoice.payment_status == "voided"
        or invoice.voided_date is not None
        or invoice.is_deleted is True
    )
    return TargetInvoice(
        id=str(invoice.id),
        number=invoice.invoice_number,
        entity=None if invoice.entity is None else str(invoice.entity),
        currency=invoice.currency,
        status=invoice.payment_status or invoice.status,
        is_payable=invoice.payment_status in _PAYABLE and not is_voided,
        total=invoice.total_amount,
        due=invoice.amount_due,
        client_name=invoice.client_name,
        payments=None if payments is None else tuple(payments),
        is_voided=is_voided,
    )
