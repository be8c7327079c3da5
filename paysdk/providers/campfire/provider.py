"""Campfire's lists: which requests they make, and how they page.

Documents: "List Invoice Payments" on docs.campfire.ai. The other lists follow the API's own schema
of July 2026. The operations on one invoice are in ``invoice_operations.py``.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar, Literal

from paysdk.arguments import check_bool, check_int
from paysdk.errors import ConfigurationError
from paysdk.pagination import FollowLinks, encode_query
from paysdk.provider import Capabilities, Listing
from paysdk.providers.campfire.arguments import (
    FILTERS,
    INVOICE_FILTERS,
    SINCE,
    UNTIL,
    encode_filters,
    encode_invoice_filters,
    format_moment,
)
from paysdk.providers.campfire.endpoints import (
    ACCOUNT_SETTINGS,
    ACCOUNTS,
    INVOICES,
    MAX_PAGE_SIZE,
    PAYMENTS,
)
from paysdk.providers.campfire.invoice_operations import InvoiceOperations
from paysdk.providers.campfire.normalise import NAME, READER
from paysdk.records.malformed import decode_or_raise
from paysdk.rest import check_page_size
from paysdk.transport.messages import Request
from paysdk.transport.observer import RequestStats

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import date, datetime

    from paysdk.checkpoint import Checkpoint
    from paysdk.listing.listing import PagedListing
    from paysdk.providers.campfire.accounts.schema import Account, AccountSettings
    from paysdk.providers.campfire.booking import CampfireTarget
    from paysdk.providers.campfire.customers import InvoiceCustomers
    from paysdk.providers.campfire.invoices.schema import InvoiceSummary

__all__ = ["CampfireProvider"]

_DEFAULT_PAGE_SIZE = 100
_ACCOUNTS_PER_PAGE = 1000
# The record of an invoice is long.
_INVOICES_PER_PAGE = 1000


class CampfireProvider(InvoiceOperations):
    """Campfire, an ERP (docs.campfire.ai; not the chat of the same name).

    A key sees only the entities that it was granted: the API leaves the others out of lists
    silently.

    *exclusive* takes a name and returns an async context manager that holds a lock on the name.
    ``SQLPaymentStore(...).exclusive`` is such a function, with a lock that all processes share.
    ``mark_invoice_paid`` holds the locks of the invoice and of each external id. An order whose
    outcome is unknown stops the same order. If the context manager yields an ``OrderJournal``, the
    order does so in every process, also after a crash. Otherwise it does so on all objects of this
    process that share *exclusive* or, without *exclusive*, on this object only.

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
        max_page_size=MAX_PAGE_SIZE,
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
        """List the payments of all invoices, in the API's order: by time of modification, then id.

        For the filters see ``PaymentsProvider.list_payments``. *page_size* is the API's ``limit``,
        from 1 to 10,000. The API's own default is 100. *pagination* is "cursor", which the API
        recommends, or "offset", which can skip a payment if another is modified during the listing.
        With *skip_count* the API does not count, and ``reported_count`` is a lower bound.
        *invoice_id* and *external_id* list the payments of one invoice, or with one external id.

        *concurrency* is the number of pages that are requested concurrently, from 1 to 100. With
        "offset" the pages come in order. With "cursor" paysdk splits the range of modification
        times into that many windows and lists them at the same time. Then pages come in order
        within each window, and paysdk makes a few more requests. No payment is lost while records
        change. A payment that is modified during the listing may come twice, as in any listing.

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
        limit = check_page_size(page_size, MAX_PAGE_SIZE)
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
            from paysdk.listing.windows import TimeWindows  # noqa: PLC0415  # seldom used

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

        *invoice_number* is the exact number. Several invoices may have it, if they are of different
        clients or entities. *status* is the API's word, such as "unpaid", "partially_paid",
        "past_due" or "voided". *client* and *entity* are ids. *page_size* is the API's ``limit``,
        from 1 to 10,000. The API names no default.

        The API pages by offset only. An invoice that is deleted during the listing can hide
        another one.

        Raises ``ConfigurationError`` for a bad argument, before anything is sent.
        """
        filters = encode_invoice_filters(
            invoice_number=invoice_number,
            status=status,
            client=client,
            entity=entity,
            currency=currency,
        )
        # The default order begins with the newest invoice date. In it, an invoice that is created
        # during the listing moves all others.
        return self._list_invoices(
            "id", check_page_size(page_size, MAX_PAGE_SIZE), filters=filters, resume=resume
        )

    def _list_invoices(
        self,
        sort: str,
        limit: int | None,
        *,
        filters: dict[str, str],
        resume: Checkpoint | str | None = None,
    ) -> PagedListing[InvoiceSummary]:
        from paysdk.providers.campfire.invoices.normalise import (  # noqa: PLC0415  # seldom used
            SUMMARY_READER,
        )

        paging = {"sort": sort} | ({} if limit is None else {"limit": str(limit)})
        query = encode_query((paging | filters).items())
        rules = FollowLinks(query, ("offset",), limit, filters=INVOICE_FILTERS)
        return self._listing(INVOICES, rules, SUMMARY_READER, filters=filters, resume=resume)

    @asynccontextmanager
    async def look_up_customers(self) -> AsyncGenerator[InvoiceCustomers]:
        """Yield an object that finds the customers of invoices.

        The list of payments has no customers, so the object reads the list of invoices. Its
        ``find`` takes ids of invoices, and returns their customers by the id of the invoice. It
        reads the invoices with the newest id first, and only as far as it needs to. A sync uses it,
        and so does ``paysdk list --customers``.
        """
        from paysdk.providers.campfire.customers import (  # noqa: PLC0415  # seldom used
            InvoiceCustomers,
        )

        def list_newest() -> Listing[InvoiceSummary]:
            listing = self._list_invoices("-id", _INVOICES_PER_PAGE, filters={})
            # Most lookups need only the first page.
            return listing.without_read_ahead()

        lookup = InvoiceCustomers(list_newest)
        try:
            yield lookup
        finally:
            await lookup.aclose()

    def list_accounts(self) -> Listing[Account]:
        """List the chart of accounts.

        ``Account.id`` and ``Account.name_and_number`` are what a ``ManualPayment`` takes.
        ``retrieve_account_settings`` names the account that the organisation uses for clearing.
        """
        from paysdk.providers.campfire.accounts.normalise import (  # noqa: PLC0415  # seldom used
            ACCOUNT_READER,
        )

        # The API documents no order. With large pages, a change during the listing seldom makes it
        # repeat or miss an account.
        query = encode_query({"limit": str(_ACCOUNTS_PER_PAGE)}.items())
        rules = FollowLinks(query, ("offset",), None)
        return self._listing(ACCOUNTS, rules, ACCOUNT_READER, filters={}, resume=None)

    async def retrieve_account_settings(self) -> AccountSettings:
        """Retrieve the accounts that the organisation uses by default.

        ``default_clearing`` is a good account for a ``ManualPayment``. If you book such a payment
        to the bank account, and the bank feed brings the same money, it counts twice.

        Safe to repeat and to cancel.
        """
        from paysdk.providers.campfire.accounts.normalise import (  # noqa: PLC0415  # seldom used
            read_settings,
        )

        return await self._client.call_within(
            self._client.deadline(),
            Request("GET", ACCOUNT_SETTINGS),
            lambda response: decode_or_raise(read_settings, response.body),
            RequestStats(),
        )

    def booking_target(self) -> CampfireTarget:
        """Return the target that ``paysdk.booking`` books in.

        Open the provider with ``exclusive=store.exclusive``. Then an order whose outcome is unknown
        also stops the same order of ``mark_invoice_paid`` in every process.
        """
        from paysdk.providers.campfire.booking import (  # noqa: PLC0415  # seldom used
            CampfireTarget,
        )

        return CampfireTarget(self, self._payer)
