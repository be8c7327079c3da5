"""Campfire: its endpoints, how they page, and which filters they take.

Documents: "List Invoice Payments", "Retrieve Invoice" and "Mark Invoice as Paid" on docs.campfire.ai. The trailing slashes are the
API's own.
"""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal
from weakref import WeakValueDictionary

from paysdk.errors import ConfigurationError, MalformedResponseError, OutcomeUnknownError, PaysdkError
from paysdk.messages import Request, Response
from paysdk.pagination import FollowLinks, encode_query
from paysdk.provider import Capabilities, Listing
from paysdk.providers.campfire.normalise import NAME, InvoicePaymentsReader, read_invoice, read_paid
from paysdk.providers.campfire.paying import (
    CreditMemoPayment,
    DebitMemoPayment,
    ManualPayment,
    PayOrder,
    PayOutcome,
    TransactionPayment,
    booked,
    refused,
    with_external_ids,
)
from paysdk.reading import decoded
from paysdk.rest import RestProvider, as_moment, checked_page_size, checked_whole
from paysdk.transport.watch import Tally
from paysdk.windows import TimeWindows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from paysdk.checkpoint import Checkpoint
    from paysdk.payment import Payment
    from paysdk.providers.campfire.schema import Invoice
    from paysdk.transport.client import Budget

__all__ = ["CampfireProvider"]

_PAYMENTS = "/coa/api/v1/invoice-payments"
_INVOICE = "/coa/api/v1/invoice/{}/"
_PAY = "/coa/api/v1/invoice/{}/pay/"

_LARGEST_PAGE = 10_000
_DEFAULT_PAGE = 100

_SINCE = "last_modified_at__gte"
_UNTIL = "last_modified_at__lte"


class CampfireProvider(RestProvider):
    """Campfire, an ERP (docs.campfire.ai; not the chat of the same name).

    A key sees only the entities that it was granted: the API leaves the others out of lists silently. For the arguments see
    ``RestProvider``.
    """

    name: str = NAME
    capabilities: Capabilities = Capabilities(
        filters=frozenset({"modified_since", "modified_until", "voided", "invoice_id", "external_id"}),
        max_page_size=_LARGEST_PAGE,
        reports_voids=True,
        lists_incrementally=True,
    )
    default_base_url: ClassVar[str] = "https://api.meetcampfire.com"
    # The quickstart page says Bearer, the reference pages and every working client say Token.
    authorization_scheme: ClassVar[str] = "Token"

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
        """The payments of all invoices, in the API's order: by time of modification, then id.

        Besides what ``PaymentsProvider.list_payments`` takes: *pagination* is "cursor", which the API recommends, or "offset", which can
        skip a payment where another is modified during the walk. *page_size* is the API's ``limit``: 1 to 10,000, its own default being
        100. *skip_count* spares the API counting; ``reported_count`` is a lower bound then. *invoice_id* and *external_id* list the
        payments of one invoice, or those with one external id.

        With *concurrency* above 1 as many pages are on their way at a time. With "offset" they come in order. With "cursor" the range of
        modification times is cut into as many windows, which are walked side by side: pages come in order within a window, and a few more
        requests are made; nothing is lost while records change, and a payment that changes meanwhile may be given twice, as in any walk.

        A deleted payment leaves no trace in this list; a voided one stays, with its ``voided_date``.

        Raises ``ConfigurationError`` for an argument that cannot be right, before anything is sent.
        """
        filters = _filters(
            modified_since=modified_since, modified_until=modified_until, voided=voided, invoice_id=invoice_id, external_id=external_id
        )
        limit = checked_page_size(page_size, _LARGEST_PAGE)
        checked_whole("concurrency", concurrency, 1)
        if pagination not in ("cursor", "offset"):  # no set, for which what is given might have no hash
            raise ConfigurationError(f"pagination must be 'cursor' or 'offset', not {pagination!r}.")
        if limit is None and concurrency > 1:
            limit = _DEFAULT_PAGE
        paging = {"cursor": ""} if pagination == "cursor" else {}
        if limit is not None:
            paging["limit"] = str(limit)
        if _checked_bool("skip_count", skip_count):
            paging["skip_count"] = "true"
        windows = None
        if limit is not None and concurrency > 1 and pagination == "cursor":
            windows = TimeWindows(filters=filters, paging=paging, since=_SINCE, until=_UNTIL, stamp=_timestamp, page_size=limit)
        rules = FollowLinks(encode_query((paging | filters).items()), ("cursor", "offset"), limit)
        return self._listing(
            _PAYMENTS, rules, InvoicePaymentsReader(), filters=filters, resume=resume, concurrency=concurrency, windows=windows
        )

    async def retrieve_invoice(self, invoice_id: int) -> Invoice:
        """One invoice with its lines, payments and attachments.

        Raises ``NotFoundError`` where there is none, or the key may not see it. Safe to repeat and to cancel.
        """
        budget = self._client.budget()
        return await self._invoice(_checked_invoice_id(invoice_id), budget, Tally())

    async def mark_invoice_paid(
        self,
        invoice_id: int,
        *,
        transactions: Iterable[TransactionPayment | Mapping[str, object]] = (),
        credit_memos: Iterable[CreditMemoPayment | Mapping[str, object]] = (),
        debit_memos: Iterable[DebitMemoPayment | Mapping[str, object]] = (),
        empty_transactions: Iterable[ManualPayment | Mapping[str, object]] = (),
    ) -> PayOutcome:
        """Pay an invoice, in part or in whole, with at least one item.

        Amounts are in major units of the invoice's currency and are sent with exactly their digits. The invoice is read first, so that the
        new payments can be told from those that stood there. The order is sent once; it is sent again only where it cannot have been
        processed (no connection was made, or the answer was 429). After any other failure the invoice is read again: where the new payments
        are there, this returns as if nothing had happened, and where they are not, that proves nothing and ``OutcomeUnknownError`` is
        raised.
        Items whose ``external_id`` is booked already are not sent again: their payments are returned.

        Raises ``ConfigurationError`` before anything is sent, ``APIError`` where the API refuses, ``OutcomeUnknownError`` where nobody can
        know. Not safe to repeat without looking unless every item has an ``external_id``; after being cancelled, look before you repeat.
        """
        order = PayOrder.of(
            {
                "transactions": (TransactionPayment, transactions),
                "credit_memos": (CreditMemoPayment, credit_memos),
                "debit_memos": (DebitMemoPayment, debit_memos),
                "empty_transactions": (ManualPayment, empty_transactions),
            }
        )
        number = _checked_invoice_id(invoice_id)
        # One at a time on an invoice: two that saw the same payments beforehand could not tell their new ones apart.
        async with self._paying.setdefault(number, asyncio.Lock()):
            return await self._pay(number, order)

    @cached_property
    def _paying(self) -> WeakValueDictionary[int, asyncio.Lock]:
        """The locks of the invoices that are being paid."""
        return WeakValueDictionary()

    async def _pay(self, number: int, order: PayOrder) -> PayOutcome:
        budget, tally = self._client.budget(), Tally()
        before = await self._invoice(number, budget, tally)
        known = [*before.payments, *await self._with_external_ids(order, number, budget)]
        if (there := with_external_ids(order, known)) is not None:
            return PayOutcome(there, before)
        ids_before = {payment.id for payment in known}
        request = Request("POST", _PAY.format(number), body=order.body)
        try:
            payment_ids, invoice = await self._client.call_within(budget, request, _paid, tally)
        except PaysdkError as error:
            if refused(error, unanswered=tally.unanswered):
                raise
            return await self._looked_for(number, order, ids_before, budget, error)
        if invoice is not None:
            # Somebody else may have paid meanwhile: what is not ours is left out, as far as it can be told.
            ours = booked(order, ids_before, invoice.payments) or ()
            payment_ids = tuple(
                payment.id for payment in invoice.payments if payment.id in ours or (not ours and payment.id not in ids_before)
            )
        if not payment_ids or (invoice is not None and invoice.id != number):
            strange = MalformedResponseError("The answer is a success, and has no new payment of this invoice in it")
            return await self._looked_for(
                number, order, ids_before, budget, strange.at(self.name, "POST", self._client.settings.origin + request.target)
            )
        return PayOutcome(payment_ids, invoice)

    async def _invoice(self, invoice_id: int, budget: Budget, tally: Tally) -> Invoice:
        def read(response: Response) -> Invoice:
            return decoded(read_invoice, response.body)

        return await self._client.call_within(budget, Request("GET", _INVOICE.format(invoice_id)), read, tally)

    async def _with_external_ids(self, order: PayOrder, invoice_id: int, budget: Budget) -> list[Payment]:
        """The payments that have one of the order's external ids already. Raises ``ConfigurationError`` where one pays another invoice."""
        found: list[Payment] = []
        for external_id in sorted(order.external_ids):
            # An API older than this filter ignores it and lists everything, so all that comes is looked at. A record that cannot be read is
            # an error here, whatever on_malformed says: it might be the one.
            rules = FollowLinks(
                encode_query({"cursor": "", "limit": str(_LARGEST_PAGE), "external_id": external_id}.items()), ("cursor", "offset"), None
            )
            listing = self._listing(_PAYMENTS, rules, InvoicePaymentsReader(), filters={}, resume=None, strict=True)
            try:
                async with budget.spending():
                    found += [payment async for payment in listing if payment.external_id == external_id and not payment.is_voided]
            except PaysdkError as error:
                error.checkpoint = None
                error.at(self.name, "GET", self._client.settings.origin + _PAYMENTS)
                raise
        for payment in found:
            if payment.invoice.id != str(invoice_id):
                raise ConfigurationError(
                    f"Nothing was sent: {payment.external_id!r} is payment {payment.id} of invoice {payment.invoice.id} already. "
                    "Use another external_id."
                )
        return found

    async def _looked_for(self, invoice_id: int, order: PayOrder, before: set[str], budget: Budget, error: PaysdkError) -> PayOutcome:
        async def look(within: Budget) -> PayOutcome | str:
            after = await self._invoice(invoice_id, within, Tally())
            ours = booked(order, before, after.payments)
            if ours is not None:
                return PayOutcome(tuple(payment.id for payment in after.payments if payment.id in ours), after)
            new = [f"{payment.id} ({payment.amount})" for payment in after.payments if payment.id not in before]
            if new:
                return f"new on the invoice, but not what was ordered: {', '.join(new)}"
            return "no new payment on the invoice yet; it may still be booked"

        async def look_again() -> PayOutcome | None:
            found = await look(self._client.budget())
            return found if isinstance(found, PayOutcome) else None

        try:
            found = await look(budget)
        except PaysdkError as looking:
            found = f"looking for it failed: {looking}"
        if isinstance(found, PayOutcome):
            return found
        operation = f"mark_invoice_paid({invoice_id})"
        unknown = OutcomeUnknownError(
            f"{operation} failed ({error}), and whether it was processed cannot be told: {found}. "
            "Do not send it again before you know: look with error.check() or retrieve_invoice.",
            operation=operation,
            found=found,
            look=look_again,
        )
        unknown.provider, unknown.method, unknown.url = error.provider, error.method, error.url
        raise unknown from error


def _paid(response: Response) -> tuple[tuple[str, ...] | None, Invoice | None]:
    return decoded(read_paid, response.body)


def _filters(
    *,
    modified_since: datetime | date | None,
    modified_until: datetime | date | None,
    voided: bool | None,
    invoice_id: int | None,
    external_id: str | None,
) -> dict[str, str]:
    filters: dict[str, str] = {}
    since = None if modified_since is None else as_moment("modified_since", modified_since, end_of_day=False)
    until = None if modified_until is None else as_moment("modified_until", modified_until, end_of_day=True)
    if since is not None and until is not None and since > until:
        raise ConfigurationError(f"modified_since ({since}) is later than modified_until ({until}).")
    if since is not None:
        filters[_SINCE] = _timestamp(since)
    if until is not None:
        filters[_UNTIL] = _timestamp(until)
    if voided is not None:
        filters["voided"] = str(_checked_bool("voided", voided)).lower()
    if invoice_id is not None:
        filters["invoice_id"] = str(_checked_invoice_id(invoice_id))
    if external_id is not None:
        filters["external_id"] = _checked_external_id(external_id)
    return filters


def _timestamp(moment: datetime) -> str:
    # With "Z", as documented: a "+" would have to be escaped, and a bare date would be read in a zone that no document names.
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _checked_invoice_id(invoice_id: int) -> int:
    return checked_whole("invoice_id", invoice_id, 0)


def _checked_external_id(external_id: str) -> str:
    text: object = external_id
    if not isinstance(text, str) or not text.strip():
        raise ConfigurationError(f"external_id must not be empty: the API would ignore it and list every payment. It was {external_id!r}.")
    if not text.isprintable():
        raise ConfigurationError(f"external_id has a character that cannot be sent or seen: {external_id!r}.")
    return external_id


def _checked_bool(name: str, value: bool) -> bool:  # noqa: FBT001  # it is the value to check
    given: object = value
    if not isinstance(given, bool):
        raise ConfigurationError(f"{name} must be True or False, not {value!r}.")
    return value
