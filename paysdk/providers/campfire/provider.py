"""Campfire's operations: which requests they make, and how its lists page.

Documents: "List Invoice Payments", "Retrieve Invoice" and "Mark Invoice as Paid" on
docs.campfire.ai. The other operations follow the API's own schema of July 2026.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, Unpack

from paysdk.arguments import check_bool, check_int, check_seconds
from paysdk.errors import ConfigurationError, MalformedResponseError
from paysdk.listing.windows import TimeWindows
from paysdk.pagination import FollowLinks, encode_query
from paysdk.provider import Capabilities, Listing
from paysdk.providers.campfire.arguments import (
    FILTERS,
    INVOICE_FILTERS,
    SINCE,
    UNTIL,
    check_day,
    check_external_id,
    check_invoice_id,
    check_payment_ids,
    check_record_id,
    encode_filters,
    encode_invoice_filters,
    format_moment,
)
from paysdk.providers.campfire.endpoints import (
    ACCOUNT_SETTINGS,
    ACCOUNTS,
    INVOICE,
    INVOICES,
    PAYMENTS,
    PREVIEW,
)
from paysdk.providers.campfire.normalise import NAME, READER
from paysdk.records.malformed import decode_or_raise
from paysdk.rest import ApiKey, RestProvider, RestSettings, check_page_size, wrap_key
from paysdk.transport.messages import RawResponse, Request
from paysdk.transport.observer import RequestStats

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from paysdk.checkpoint import Checkpoint
    from paysdk.orders import Exclusive
    from paysdk.payment import Payment
    from paysdk.providers.campfire.accounts.schema import Account, AccountSettings
    from paysdk.providers.campfire.booking import CampfireTarget
    from paysdk.providers.campfire.invoices.schema import Invoice, InvoiceSummary
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
    from paysdk.transport.client import Deadline

__all__ = ["CampfireProvider"]

_MAX_PAGE_SIZE = 10_000
_DEFAULT_PAGE_SIZE = 100
_ACCOUNTS_PER_PAGE = 1000


class CampfireProvider(RestProvider):
    """Campfire, an ERP (docs.campfire.ai; not the chat of the same name).

    A key sees only the entities that it was granted: the API leaves the others out of lists
    silently.

    *exclusive* takes a name and returns an async context manager. While it is held, it keeps all
    others out of that name, in every process. ``SQLPaymentStore(...).exclusive`` is one.
    ``mark_invoice_paid`` enters it for the invoice and for each external id. If it yields an
    ``OrderJournal``, an order whose outcome is unknown stops the same order in every process, also
    after a crash. Otherwise it does so in this process.

    *resend_after* is the number of seconds after which such an order may be sent again if it is
    not found. It must be longer than the timeout of any gateway on the way. By default such an
    order is never sent again until you call ``release_orders``. For the other arguments see
    ``RestProvider``.
    """

    name: str = NAME
    capabilities: Capabilities = Capabilities(
        filters=frozenset(
            {"modified_since", "modified_until", "voided", "invoice_id", "external_id"}
        ),
        max_page_size=_MAX_PAGE_SIZE,
        reports_voids=True,
        lists_incrementally=True,
    )
    default_base_url: ClassVar[str] = "https://api.meetcampfire.com"
    # The quickstart page says Bearer, the reference pages and every working client say Token.
    authorization_scheme: ClassVar[str] = "Token"

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

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
        pagination: Literal["cursor", "offset"] = "cursor",
        skip_count: bool = False,
        invoice_id: int | None = None,
        external_id: str | None = None,
        concurrency: int = 1,
    ) -> Listing:
        """List the payments of all invoices, in the API's order: by time of modification, then id.

        For the filters see ``PaymentsProvider.list_payments``. *page_size* is the API's ``limit``,
        from 1 to 10,000. The API's own default is 100. *pagination* is "cursor", which the API
        recommends, or "offset", which can skip a payment if another is modified during the listing.
        With *skip_count* the API does not count, and ``reported_count`` is a lower bound.
        *invoice_id* and *external_id* list the payments of one invoice, or with one external id.

        *concurrency* is the number of pages that are requested at the same time. With "offset" the
        pages come in order. With "cursor" paysdk splits the range of modification times into that
        many windows and lists them at the same time. Then pages come in order within each window,
        and paysdk makes a few more requests. No payment is lost while records change. A payment
        that is modified during the listing may come twice, as in any listing.

        A deleted payment leaves no trace in this list. A voided payment stays, with its
        ``voided_date``.

        Raises ``ConfigurationError`` for a bad argument, before anything is sent.
        """
        filters = encode_filters(
            modified_since=modified_since,
            modified_until=modified_until,
            voided=voided,
            invoice_id=invoice_id,
            external_id=external_id,
        )
        limit = check_page_size(page_size, _MAX_PAGE_SIZE)
        check_int("concurrency", concurrency, 1)
        # A tuple and not a set, because an argument of the wrong type may have no hash.
        if pagination not in ("cursor", "offset"):
            raise ConfigurationError(
                f"pagination must be 'cursor' or 'offset', not {pagination!r}."
            )
        if limit is None and concurrency > 1:
            limit = _DEFAULT_PAGE_SIZE
        paging = {"cursor": ""} if pagination == "cursor" else {}
        if limit is not None:
            paging["limit"] = str(limit)
        if check_bool("skip_count", skip_count):
            paging["skip_count"] = "true"
        windows = None
        if limit is not None and concurrency > 1 and pagination == "cursor":
            windows = TimeWindows(
                filters=filters,
                paging=paging,
                since=SINCE,
                until=UNTIL,
                stamp=format_moment,
                page_size=limit,
            )
        rules = FollowLinks(
            encode_query((paging | filters).items()),
            ("cursor", "offset"),
            limit,
            filters=FILTERS,
            bounds=(SINCE, UNTIL),
        )
        return self._listing(
            PAYMENTS,
            rules,
            READER,
            filters=filters,
            resume=resume,
            concurrency=concurrency,
            windows=windows,
        )

    def list_invoices(
        self,
        *,
        invoice_number: str | None = None,
        status: str | None = None,
        client: int | None = None,
        entity: int | None = None,
        currency: str | None = None,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
    ) -> Listing[InvoiceSummary]:
        """List invoices without their lines and payments, the oldest id first.

        *invoice_number* is the exact number. Several invoices may have it, of other clients or
        entities. *status* is the API's word, such as "unpaid", "partially_paid", "past_due" or
        "voided". *client* and *entity* are ids. *page_size* is the API's ``limit``, from 1 to
        10,000. The API names no default.

        The API pages by offset only. An invoice that is deleted during the listing can hide
        another one.

        Raises ``ConfigurationError`` for a bad argument, before anything is sent.
        """
        from paysdk.providers.campfire.invoices.normalise import SUMMARY_READER  # noqa: PLC0415  # see _read_invoice

        filters = encode_invoice_filters(
            invoice_number=invoice_number,
            status=status,
            client=client,
            entity=entity,
            currency=currency,
        )
        limit = check_page_size(page_size, _MAX_PAGE_SIZE)
        # In the default order, the newest invoice date first, an invoice that is created during the
        # listing moves all others.
        paging = {"sort": "id"} | ({} if limit is None else {"limit": str(limit)})
        query = encode_query((paging | filters).items())
        rules = FollowLinks(query, ("offset",), limit, filters=INVOICE_FILTERS)
        return self._listing(INVOICES, rules, SUMMARY_READER, filters=filters, resume=resume)

    def list_accounts(self) -> Listing[Account]:
        """List the chart of accounts.

        ``Account.id`` and ``Account.name_and_number`` are what a ``ManualPayment`` takes.
        ``retrieve_account_settings`` names the account that the organisation uses for clearing.
        """
        from paysdk.providers.campfire.accounts.normalise import ACCOUNT_READER  # noqa: PLC0415  # see _read_invoice

        # The API documents no order. The fewer pages there are, the less an account that is created
        # during the listing can move.
        query = encode_query({"limit": str(_ACCOUNTS_PER_PAGE)}.items())
        rules = FollowLinks(query, ("offset",), None)
        return self._listing(ACCOUNTS, rules, ACCOUNT_READER, filters={}, resume=None)

    async def retrieve_account_settings(self) -> AccountSettings:
        """Retrieve the accounts that the organisation uses by default.

        ``default_clearing`` is a good account for a ``ManualPayment``. If you book such a payment
        to the bank account, and the bank feed brings the same money, it counts twice.

        Safe to repeat and to cancel.
        """
        from paysdk.providers.campfire.accounts.normalise import read_settings  # noqa: PLC0415  # see _read_invoice

        return await self._client.call_within(
            self._client.deadline(),
            Request("GET", ACCOUNT_SETTINGS),
            lambda response: decode_or_raise(read_settings, response.body),
            RequestStats(),
        )

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
        or did not keep, stops the order. Pass the ids of payments that you know to be something
        else in *other_payments*. An order for more than what is due is refused unless
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
        from paysdk.providers.campfire.paying.operation import Consent  # noqa: PLC0415  # see _read_invoice
        from paysdk.providers.campfire.paying.order import PayOrder  # noqa: PLC0415  # see _read_invoice

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

        Without items it says what is due now. The API requires the day of each item: ``posted_at``
        of a credit memo, and of a transaction, which is a mapping with ``transaction_id``,
        ``amount`` and ``posted_at``. The preview knows nothing of approval, closed periods or
        required fields, so ``mark_invoice_paid`` may still be refused.

        Raises ``ConfigurationError`` before anything is sent, and ``NotFoundError`` if the invoice
        does not exist. Safe to repeat and to cancel: paysdk retries it like a read.
        """
        from paysdk.providers.campfire.paying.preview import encode_preview, read_preview  # noqa: PLC0415  # see _read_invoice

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
        refunds real money, so it is refused unless *allow_refund* is true. So is a payment whose
        source Campfire does not show. A payment is never deleted.

        paysdk reads the invoice first. If the payment is voided already, nothing is sent, and this
        returns the payment and logs that. The request is sent once, and retried only if it cannot
        have been processed. After any other failure paysdk reads the payment again. If it is not
        voided, it may still be, so this raises ``OutcomeUnknownError``. Until the payment is found
        to be voided, or until you call ``release_orders``, calls for it send nothing.

        Raises ``ConfigurationError`` before anything is sent, also if the payment is not one of
        the invoice, ``APIError`` if the API refuses, and ``OutcomeUnknownError`` if the outcome is
        unknown. Safe to repeat and to cancel.
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

    def booking_target(self) -> CampfireTarget:
        """Return the target that ``paysdk.booking`` books in.

        Open the provider with ``exclusive=store.exclusive``. Then an order whose outcome is unknown
        also stops the same order of ``mark_invoice_paid`` in every process.
        """
        from paysdk.providers.campfire.booking import CampfireTarget  # noqa: PLC0415  # see _read_invoice

        return CampfireTarget(self, self._payer)

    @cached_property
    def _payer(self) -> Payer:
        from paysdk.providers.campfire.paying.payer import Payer  # noqa: PLC0415  # see _read_invoice

        return Payer(
            self._client,
            self._read_invoice,
            self._list_strictly,
            self._exclusive,
            self._resend_after,
        )

    @cached_property
    def _voider(self) -> Voider:
        from paysdk.providers.campfire.paying.voiding import Voider  # noqa: PLC0415  # see _read_invoice

        payer = self._payer
        return Voider(self._client, payer.lookup, payer.turns, self._resend_after)

    async def _read_invoice(self, invoice_id: int, deadline: Deadline) -> Invoice:
        # Importing the modules for invoices and paying takes as long as importing everything that
        # lists payments. Many programs only list.
        from paysdk.providers.campfire.invoices.normalise import read_invoice  # noqa: PLC0415  # see above

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
            {"cursor": "", "limit": str(_MAX_PAGE_SIZE), filter_name: value}.items()
        )
        rules = FollowLinks(query, ("cursor", "offset"), None, filters=FILTERS)
        return self._listing(PAYMENTS, rules, READER, filters={}, resume=None, strict=True)
