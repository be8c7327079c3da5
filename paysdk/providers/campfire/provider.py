"""Campfire: its endpoints, how they page, and which filters they take.

Documents: "List Invoice Payments", "Retrieve Invoice" and "Mark Invoice as Paid" on docs.campfire.ai.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from paysdk.errors import ConfigurationError, MalformedResponseError
from paysdk.messages import Request, Response
from paysdk.pagination import FollowLinks, encode_query
from paysdk.provider import Capabilities, Listing
from paysdk.providers.campfire.endpoints import INVOICE, PAYMENTS
from paysdk.providers.campfire.normalise import NAME, InvoicePaymentsReader
from paysdk.reading import decoded
from paysdk.rest import RestProvider, as_moment, checked_page_size, checked_whole
from paysdk.transport.watch import Tally
from paysdk.windows import TimeWindows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from paysdk.checkpoint import Checkpoint
    from paysdk.providers.campfire.invoice_schema import Invoice
    from paysdk.providers.campfire.payer import Payer
    from paysdk.providers.campfire.paying import CreditMemoPayment, DebitMemoPayment, ManualPayment, PayOutcome, TransactionPayment
    from paysdk.transport.client import Budget

__all__ = ["CampfireProvider"]

_LARGEST_PAGE = 10_000
_DEFAULT_PAGE = 100

_SINCE = "last_modified_at__gte"
_UNTIL = "last_modified_at__lte"
_FILTERS = (_SINCE, _UNTIL, "voided", "invoice_id", "external_id")


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
        rules = FollowLinks(encode_query((paging | filters).items()), ("cursor", "offset"), limit, filters=_FILTERS)
        return self._listing(
            PAYMENTS, rules, InvoicePaymentsReader(), filters=filters, resume=resume, concurrency=concurrency, windows=windows
        )

    async def retrieve_invoice(self, invoice_id: int) -> Invoice:
        """One invoice with its lines, payments and attachments.

        Raises ``NotFoundError`` where there is none, or the key may not see it. Safe to repeat and to cancel.
        """
        return await self._invoice(_checked_invoice_id(invoice_id), self._client.budget())

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
        from paysdk.providers.campfire.paying import (  # noqa: PLC0415  # as what reads invoices
            CreditMemoPayment,
            DebitMemoPayment,
            ManualPayment,
            PayOrder,
            TransactionPayment,
        )

        order = PayOrder.of(
            {
                "transactions": (TransactionPayment, transactions),
                "credit_memos": (CreditMemoPayment, credit_memos),
                "debit_memos": (DebitMemoPayment, debit_memos),
                "empty_transactions": (ManualPayment, empty_transactions),
            }
        )
        return await self._payer.pay(_checked_invoice_id(invoice_id), order)

    @cached_property
    def _payer(self) -> Payer:
        from paysdk.providers.campfire.payer import Payer  # noqa: PLC0415  # as what reads invoices

        return Payer(self._client, self._invoice, self._under_external_id)

    async def _invoice(self, invoice_id: int, budget: Budget) -> Invoice:
        # With what pays this takes as long to import as all that lists payments, and many programs only do that.
        from paysdk.providers.campfire.invoice_normalise import read_invoice  # noqa: PLC0415  # see above

        def read(response: Response) -> Invoice:
            invoice = decoded(read_invoice, response.body)
            if invoice.id != invoice_id:
                raise MalformedResponseError(
                    f"The answer is another invoice: {invoice.id}, at $.id.", path="$.id", raw=response.body[:200]
                ).quoting()
            return invoice

        return await self._client.call_within(budget, Request("GET", INVOICE.format(invoice_id)), read, Tally())

    def _under_external_id(self, external_id: str) -> Listing:
        """What is booked under an external id, on any invoice, and voided or not."""
        # An API older than this filter ignores it and lists everything, so all that comes has to be looked at. A record that cannot be read
        # is an error here, whatever on_malformed says: it might be the one.
        query = encode_query({"cursor": "", "limit": str(_LARGEST_PAGE), "external_id": external_id}.items())
        rules = FollowLinks(query, ("cursor", "offset"), None, filters=_FILTERS)
        return self._listing(PAYMENTS, rules, InvoicePaymentsReader(), filters={}, resume=None, strict=True)


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
