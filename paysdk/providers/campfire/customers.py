"""The customers of Campfire's payments, from the list of invoices.

Documents: the list of payments has no customer (List Invoice Payments). The list of invoices has
``client`` and ``client_name``, and takes ``sort=-id``. It has no filter by id or by time of
modification (the provider's schema).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from paysdk.providers.campfire.invoices.normalise import make_customer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping

    from paysdk.payment import CustomerRef
    from paysdk.provider import Listing, Page
    from paysdk.providers.campfire.invoices.schema import InvoiceSummary

__all__ = ["InvoiceCustomers"]

# The largest number that an array of 64-bit numbers holds. Campfire documents no bound of its ids.
_MAX_ID = 2**63 - 1


class InvoiceCustomers:
    """Reads the list of invoices, the newest id first, only as far as it is needed.

    So the customers of new payments, which mostly pay new invoices, take one request or two. A
    first sync reads the whole list once. *list_invoices* returns a new listing in that order.
    """

    def __init__(self, list_invoices: Callable[[], Listing[InvoiceSummary]]) -> None:
        self._list_invoices = list_invoices
        # The ids of the list, negative so that they ascend, and the customer of each. For a million
        # invoices, this takes a quarter of the memory of a mapping.
        self._ids = array("q")
        self._customers: list[CustomerRef | None] = []
        # The customers of invoices that were created since, or that came out of order.
        self._others: dict[int, CustomerRef | None] = {}
        # A client has many invoices, and needs only one object.
        self._clients: dict[tuple[int | None, str | None], CustomerRef | None] = {}
        self._listings: list[Listing[InvoiceSummary]] = []
        self._pages: AsyncIterator[Page[InvoiceSummary]] | None = None
        self._newest = -1
        self._oldest: float = float("inf")

    @property
    def requests(self) -> int:
        """How many requests were sent, including retries."""
        return sum(listing.report.requests for listing in self._listings)

    async def find(self, invoice_ids: Collection[str]) -> Mapping[str, CustomerRef]:
        """Return the customers of these invoices by id, without those that are not found."""
        numbers = {each: int(each) for each in invoice_ids if each.isdecimal()}
        if self._pages is not None and max(numbers.values(), default=-1) > self._newest:
            await self._read_news()
        while min(numbers.values(), default=self._oldest) < self._oldest:
            await self._read_page()
        found = {each: self._get(number) for each, number in numbers.items()}
        return {each: customer for each, customer in found.items() if customer is not None}

    async def aclose(self) -> None:
        """Close the listing that was not read to its end."""
        await _close(self._pages)

    async def _read_page(self) -> None:
        if self._pages is None:
            self._pages = self._open().pages()
        page = await anext(self._pages, None)
        if page is None:
            self._oldest = -1
        else:
            self._oldest = min([self._oldest, *self._note(page)])

    async def _read_news(self) -> None:
        """Read the invoices that were created since the first page was read."""
        before = self._newest
        pages = self._open().pages()
        try:
            page = await anext(pages, None)
            while page is not None and min(self._note(page), default=-1) > before:
                page = await anext(pages, None)
        finally:
            await _close(pages)

    def _open(self) -> Listing[InvoiceSummary]:
        listing = self._list_invoices()
        self._listings.append(listing)
        return listing

    def _note(self, page: Page[InvoiceSummary]) -> list[int]:
        """Remember the customers of a page, and return the ids of its invoices."""
        for invoice in page.payments:
            key = invoice.client, invoice.client_name
            customer = self._clients.setdefault(key, make_customer(invoice))
            if invoice.id <= _MAX_ID and (not self._ids or -invoice.id > self._ids[-1]):
                self._ids.append(-invoice.id)
                self._customers.append(customer)
            else:
                self._others[invoice.id] = customer
        ids = [invoice.id for invoice in page.payments]
        self._newest = max([self._newest, *ids])
        return ids

    def _get(self, number: int) -> CustomerRef | None:
        place = bisect_left(self._ids, -number)
        if place < len(self._ids) and self._ids[place] == -number:
            return self._customers[place]
        return self._others.get(number)


async def _close(pages: AsyncIterator[Page[InvoiceSummary]] | None) -> None:
    if isinstance(pages, AsyncGenerator):
        await pages.aclose()
