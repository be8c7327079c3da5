"""Add the customers to the payments of a sync, if the provider lists them apart."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import attrs
import msgspec
import sqlalchemy as sa

from paysdk.customers import CustomerLookup, FindsCustomers, find_invoices, set_customers
from paysdk.errors import APIError, MalformedResponseError, PaginationError
from paysdk.payment import CustomerRef
from paysdk.sync.database import Database
from paysdk.sync.lease import Lease
from paysdk.sync.tables import payments

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.payment import Payment
    from paysdk.provider import Page, PaymentsProvider

__all__ = ["PageCustomers", "open_customers"]

_log = logging.getLogger("paysdk")

# With one of these statuses, the provider refuses to list its customers for good.
_REFUSED_STATUSES = {400, 401, 403, 404, 405, 410, 422}
# The id of the invoice, and its customer.
_StoredCustomer: TypeAlias = tuple[str, CustomerRef | None]
_ids = sa.bindparam("customer_payment_ids", type_=sa.Text)


@attrs.define
class PageCustomers:
    """Adds the customers to each page, before the page is written.

    A full pass looks up the customers of all invoices. Any other pass looks up only those of
    payments that are not in the store. A payment that is there without a customer had none when it
    was stored, and looking it up again might read the whole list of invoices in each sync.
    """

    _database: Database
    _lease: Lease
    _lookup: CustomerLookup | None
    _is_full: bool
    _is_refused: bool = attrs.field(default=False, init=False)

    @property
    def requests(self) -> int:
        """How many requests were sent, including retries."""
        return 0 if self._lookup is None else self._lookup.requests

    async def complete(self, page: Page) -> Page:
        """Return the page with the customers of its payments, as far as they are found."""
        if self._lookup is None:
            return page
        # Each loop over `page.payments` would make the payments again.
        rows: Sequence[Payment] = list(page.payments)
        if self._is_full:
            rows = await self._look_up(self._lookup, rows, find_invoices(rows))
            if any(payment.customer is None for payment in rows):
                rows = set_customers(rows, _get_customers(await self._read_stored(rows)))
        else:
            stored = await self._read_stored(rows)
            rows = set_customers(rows, _get_customers(stored))
            new = find_invoices(payment for payment in rows if payment.id not in stored)
            rows = await self._look_up(self._lookup, rows, new)
        return attrs.evolve(page, payments=rows)

    async def _look_up(
        self, lookup: CustomerLookup, rows: Sequence[Payment], invoices: Collection[str]
    ) -> Sequence[Payment]:
        if self._is_refused or not invoices:
            return rows
        try:
            return set_customers(rows, await lookup.find(invoices))
        except (APIError, MalformedResponseError, PaginationError) as error:
            # Customers are only for information, and the same request would fail in each sync.
            if isinstance(error, APIError) and error.status not in _REFUSED_STATUSES:
                raise
            self._is_refused = True
            _log.warning(
                "%s: the customers of the payments cannot be looked up, so new payments are stored "
                "without them. A full pass tries again. The error: %s",
                self._lease.provider,
                error,
            )
            return rows

    async def _read_stored(self, rows: Sequence[Payment]) -> Mapping[str, _StoredCustomer]:
        """Read the invoice and the customer that are stored with these payments, by their ids."""
        known = sa.select(
            payments.c.id,
            payments.c.invoice_id,
            payments.c.customer_id,
            payments.c.customer_number,
            payments.c.customer_name,
        ).where(
            payments.c.provider == self._lease.provider,
            payments.c.account == self._lease.account,
            self._database.backend.in_ids(payments.c.id, _ids),
        )
        values = {_ids.key: msgspec.json.encode([payment.id for payment in rows]).decode()}

        async def read(connection: AsyncConnection) -> dict[str, _StoredCustomer]:
            return {
                payment_id: (invoice_id, CustomerRef(*customer) if any(customer) else None)
                for payment_id, invoice_id, *customer in await connection.execute(known, values)
            }

        return await self._database.read(read)


def _get_customers(stored: Mapping[str, _StoredCustomer]) -> Mapping[str, CustomerRef]:
    return {invoice: customer for invoice, customer in stored.values() if customer is not None}


@asynccontextmanager
async def open_customers(
    provider: PaymentsProvider, database: Database, lease: Lease, *, full: bool
) -> AsyncGenerator[PageCustomers]:
    """Open the lookup of the provider, if it has one."""
    if not isinstance(provider, FindsCustomers):
        yield PageCustomers(database, lease, None, full)
        return
    async with provider.look_up_customers() as lookup:
        yield PageCustomers(database, lease, lookup, full)
