"""The operations on one of Campfire's invoices: retrieve, pay, preview and void.

Documents: "Retrieve Invoice" and "Mark Invoice as Paid" on docs.campfire.ai. The other operations
follow the API's own schema of July 2026. ``paying/payer.py`` has the steps that keep an invoice
from being paid twice.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Unpack

from paysdk.arguments import check_bool, check_day, check_seconds
from paysdk.errors import ConfigurationError, MalformedResponseError
from paysdk.pagination import FollowLinks, encode_query
from paysdk.providers.campfire.arguments import (
    FILTERS,
    check_external_id,
    check_invoice_id,
    check_payment_ids,
    check_record_id,
)
from paysdk.providers.campfire.endpoints import INVOICE, MAX_PAGE_SIZE, PAYMENTS, PREVIEW
from paysdk.providers.campfire.normalise import READER
from paysdk.records.malformed import decode_or_raise
from paysdk.rest import ApiKey, RestProvider, RestSettings, wrap_key
from paysdk.transport.messages import RawResponse, Request
from paysdk.transport.observer import RequestStats

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from paysdk.orders import Exclusive
    from paysdk.payment import Payment
    from paysdk.provider import Listing
    from paysdk.providers.campfire.invoices.schema import Invoice
    from paysdk.providers.campfire.paying.items import (
        CreditMemoPayment,
        DebitMemoPayment,
        ManualPayment,
        TransactionPayment,
    )
    from paysdk.providers.campfire.paying.order import PayOutcome
    from paysdk.providers.campfire.paying.payer import Payer
    from paysdk.providers.campfire.paying.preview import PaymentPreview
    from paysdk.providers.campfire.paying.voiding import Voider
    from paysdk.transport.deadline import Deadline

__all__ = ["InvoiceOperations"]


class InvoiceOperations(RestProvider):
    """The operations of ``CampfireProvider`` on one invoice.

    The docstring of ``CampfireProvider`` explains the arguments of the constructor.
    """

    def __init__(
        self,
        api_key: ApiKey,
        *,
        exclusive: Exclusive | None = None,
        resend_after: float | None = None,
        **settings: Unpack[RestSettings],
    ) -> None:
        key = wrap_key(api_key)
        del api_key  # so that no traceback can show it
        super().__init__(key, **settings)
        given: object = exclusive
        if given is not None and not callable(given):
            raise ConfigurationError(
                "exclusive must be a callable from a name to an async context manager, not "
                f"{given!r}. SQLPaymentStore(...).exclusive is one."
            )
        if resend_after is not None:
            check_seconds("resend_after", resend_after)
        self._exclusive = exclusive
        self._resend_after = resend_after

    async def retrieve_invoice(self, invoice_id: int) -> Invoice:
        """Retrieve one invoice with its lines, payments and attachments.

        Raises ``NotFoundError`` if it does not exist, or if the key may not see it. Safe to repeat
        and to cancel.
        """
        return await self._read_invoice(check_invoice_id(invoice_id), self._client.deadline())

    async def mark_invoice_paid(
        self,
        invoice_id: int,
        *,
        transactions: Iterable[TransactionPayment | Mapping[str, object]] = (),
        credit_memos: Iterable[CreditMemoPayment | Mapping[str, object]] = (),
        debit_memos: Iterable[DebitMemoPayment | Mapping[str, object]] = (),
        empty_transactions: Iterable[ManualPayment | Mapping[str, object]] = (),
        allow_overpayment: bool = False,
        rebook_voided: bool = False,
        other_payments: Iterable[int | str] = (),
    ) -> PayOutcome:
        """Pay an invoice, in part or in whole, with at least one item.

        Amounts are above zero, in major units of the invoice's currency, and are sent with exactly
        their digits. paysdk reads the invoice first, to tell the new payments from earlier ones.
        It sends the order once, and retries only if the order cannot have been processed: no
        connection was made, or the response was 429. After any other failure it reads the invoice
        again. If the new payments are there, this returns as if nothing had happened. If they are
        not, they may still come, so this raises ``OutcomeUnknownError``. Until such an order is
        found, or until you call ``release_orders``, calls for the same order send nothing.

        If the items' external ids are booked already, nothing is sent, and their payments are
        returned. A payment that may be this very order, with an external id that the server changed
        or did not keep, stops the order. In *other_payments*, pass the ids of payments that, as you
        know, this order did not make. An order for more than what is due is refused unless
        *allow_overpayment* is true. An order that was booked and voided is refused unless
        *rebook_voided* is true.

        Raises ``ConfigurationError`` before anything is sent, ``DuplicatePaymentError`` if this
        order may be booked already or if more is booked than was ordered, ``APIError`` if the API
        refuses, and ``OutcomeUnknownError`` if the outcome is unknown. The call is safe to repeat
        if every item has an ``external_id``. Otherwise look first.
        """
        from paysdk.providers.campfire.paying.items import (  # noqa: PLC0415  # see _read_invoice
            CreditMemoPayment,
            DebitMemoPayment,
            ManualPayment,
            TransactionPayment,
        )
        from paysdk.providers.campfire.paying.operation import Consent  # noqa: PLC0415  # likewise
        from paysdk.providers.campfire.paying.order import PayOrder  # noqa: PLC0415  # likewise

        order = PayOrder.of(
            {
                "transactions": (TransactionPayment, transactions),
                "credit_memos": (CreditMemoPayment, credit_memos),
                "debit_memos": (DebitMemoPayment, debit_memos),
                "empty_transactions": (ManualPayment, empty_transactions),
            }
        )
        consent = Consent(
            overpayment=check_bool("allow_overpayment", allow_overpayment),
            rebook_voided=check_bool("rebook_voided", rebook_voided),
            others=check_payment_ids("other_payments", other_payments),
        )
        return await self._payer.pay(check_invoice_id(invoice_id), order, consent)

    async def preview_payment(
        self,
        invoice_id: int | str,
        *,
        transactions: Iterable[Mapping[str, object]] = (),
        credit_memos: Iterable[CreditMemoPayment | Mapping[str, object]] = (),
        empty_transactions: Iterable[ManualPayment | Mapping[str, object]] = (),
    ) -> PaymentPreview:
        """Ask what would be due on an invoice after a payment. Nothing is booked.

        Without items it says what is due now. Give each transaction as a mapping with
        ``transaction_id``, ``amount`` and ``posted_at``. The API requires the day of each item, so
        a credit memo also needs its ``posted_at``. The preview does not check approval, closed
        periods or required fields, so ``mark_invoice_paid`` may still be refused.

        Raises ``ConfigurationError`` before anything is sent, and ``NotFoundError`` if the invoice
        does not exist. Safe to repeat and to cancel: paysdk retries it like a read.
        """
        from paysdk.providers.campfire.paying.preview import (  # noqa: PLC0415  # see _read_invoice
            encode_preview,
            read_preview,
        )

        body = encode_preview(
            {
                "transactions": transactions,
                "credit_memos": credit_memos,
                "empty_transactions": empty_transactions,
            }
        )
        path = PREVIEW.format(check_record_id("invoice_id", invoice_id, "invoice"))
        return await self._client.call_within(
            self._client.deadline(),
            Request("POST", path, body=body, repeatable=True),
            lambda response: decode_or_raise(read_preview, response.body),
            RequestStats(),
        )

    async def void_payment(
        self,
        invoice_id: int | str,
        payment_id: int | str,
        *,
        void_date: date | None = None,
        allow_refund: bool = False,
    ) -> Payment:
        """Void a payment of an invoice, and return it with its ``voided_date``.

        Campfire makes a reversing entry, and the payment stays in every list. *void_date* is the
        day of the entry, by default Campfire's today. Voiding a payment that came from Stripe
        refunds real money, so it is refused unless *allow_refund* is true. A payment whose source
        Campfire does not show is refused in the same way. A payment is never deleted.

        paysdk reads the invoice first. If the payment is voided already, nothing is sent, and this
        returns the payment and logs that. The request is sent once, and retried only if it cannot
        have been processed. After any other failure paysdk reads the payment again. If it is not
        voided, it may still be, so this raises ``OutcomeUnknownError``. Until the payment is found
        to be voided, or until you call ``release_orders``, calls for it send nothing.

        Raises ``ConfigurationError`` before anything is sent, ``APIError`` if the API refuses, and
        ``OutcomeUnknownError`` if the outcome is unknown. A payment that is not one of the invoice
        is a ``ConfigurationError`` too. Safe to repeat and to cancel.
        """
        if void_date is not None:
            check_day("void_date", void_date)
        return await self._voider.void(
            check_record_id("invoice_id", invoice_id, "invoice"),
            check_record_id("payment_id", payment_id, "payment"),
            void_date,
            allow_refund=check_bool("allow_refund", allow_refund),
        )

    async def release_orders(
        self,
        invoice_id: int,
        *,
        external_id: str | None = None,
        payment_id: int | str | None = None,
    ) -> int:
        """Release the open orders of an invoice, and return how many there were.

        While an order's outcome is unknown, or while it waits as a draft, calls for the same order
        send nothing. Call this when a person has made sure that the order was not booked and never
        will be. With *external_id*, only orders under it are released. With *payment_id*, only open
        voids of that payment are. Nothing is sent to the provider.
        """
        if payment_id is not None:
            if external_id is not None:
                raise ConfigurationError(
                    "external_id is for orders and payment_id for voids: give one of them."
                )
            payment = check_record_id("payment_id", payment_id, "payment")
            return await self._voider.release(check_invoice_id(invoice_id), payment)
        name = None if external_id is None else check_external_id(external_id)
        return await self._payer.release(check_invoice_id(invoice_id), name)

    @cached_property
    def _payer(self) -> Payer:
        from paysdk.providers.campfire.paying.payer import Payer  # noqa: PLC0415  # see below

        return Payer(
            self._client,
            self._read_invoice,
            self._list_strictly,
            self._exclusive,
            self._resend_after,
        )

    @cached_property
    def _voider(self) -> Voider:
        from paysdk.providers.campfire.paying.voiding import Voider  # noqa: PLC0415  # see below

        payer = self._payer
        return Voider(self._client, payer.lookup, payer.turns, self._resend_after)

    async def _read_invoice(self, invoice_id: int, deadline: Deadline) -> Invoice:
        # Importing the modules for invoices and paying takes as long as importing everything that
        # lists payments. Many programs only list.
        from paysdk.providers.campfire.invoices.normalise import (  # noqa: PLC0415  # see above
            read_invoice,
        )

        def read(response: RawResponse) -> Invoice:
            invoice = decode_or_raise(read_invoice, response.body)
            if invoice.id != invoice_id:
                raise MalformedResponseError(
                    f"The response is another invoice: {invoice.id}, at $.id.",
                    path="$.id",
                    raw=response.body[:200],
                ).quoting()
            return invoice

        return await self._client.call_within(
            deadline, Request("GET", INVOICE.format(invoice_id)), read, RequestStats()
        )

    def _list_strictly(self, filter_name: str, value: str) -> Listing:
        """List the payments, also voided ones, for which one filter has this value.

        A record that cannot be read raises, whatever *on_malformed* says, because it may be the
        payment that the caller looks for. An API older than the filter ignores it and lists
        everything, so the caller must check each payment.
        """
        query = encode_query(
            {"cursor": "", "limit": str(MAX_PAGE_SIZE), filter_name: value}.items()
        )
        rules = FollowLinks(query, ("cursor", "offset"), None, filters=FILTERS)
        return self._listing(PAYMENTS, rules, READER, filters={}, resume=None, strict=True)
