"""The payments and invoices that Campfire's sandbox has now. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import partial
from typing import TYPE_CHECKING, Any

from paysdk.providers.campfire import sandbox_payments as made_up
from paysdk.providers.campfire.invoices import sandbox as made_up_invoices
from paysdk.testing import drf
from paysdk.testing.records import Records, Row, check_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from decimal import Decimal

__all__ = ["Ledger"]

_ENTERED_BY_HAND = {
    "payment_type": "MANUAL_TRANSACTION",
    "source": "MANUAL",
    "external_id": None,
    "voided_date": None,
}


_OF_INVOICE = ("client", "client_name")


class Ledger:
    """The payments and invoices, which a test can change.

    *given* are a test's own payments. Otherwise the ledger begins with *size* payments that are
    made up. *hidden* are fields that a listing does not show, and *extra* are fields that the test
    adds. ``booked`` has, for each payment of an order, the fields that only an invoice shows.
    """

    def __init__(
        self,
        seed: int,
        size: int,
        given: Sequence[Mapping[str, object]] | None,
        hidden: Collection[str],
        extra: Collection[str] = (),
    ) -> None:
        self._seed = seed
        self._hidden = hidden
        self._extra = extra
        self.booked: dict[int, Row] = {}
        given = None if given is None else check_rows(given)
        for row in given or ():
            made_up.check_payment(row, extra)
        keys = made_up.number_payments(size if given is None else len(given), seed)
        self._now = max(keys, default=(made_up.FIRST_CHANGE, 0))[0]
        first = made_up.find_first_id(seed)
        self._next_id = max((payment_id for _, payment_id in keys), default=first) + 1
        # The client of an invoice, if a test has named one.
        self._clients: dict[int, dict[str, object]] = {}
        self._by_invoice: dict[int, set[int]] = {each: set() for each in made_up.OPEN_INVOICES}
        self._totals = {
            invoice_id: made_up_invoices.make_open_total(seed, invoice_id)
            for invoice_id in made_up.OPEN_INVOICES
        }
        self.payments: Records[int] = Records(
            keys if given is None else (), partial(made_up.make_payment, seed), self._render
        )
        self._selected: tuple[object, Sequence[tuple[int, int]]] | None = None
        if given is None:
            for _, payment_id in keys:
                invoice_id = made_up.find_invoice_id(payment_id)
                self._by_invoice.setdefault(invoice_id, set()).add(payment_id)
        else:
            for (position, payment_id), row in zip(keys, given, strict=True):
                self._write(position, payment_id, row)

    @property
    def today(self) -> str:
        """The day of the latest change."""
        return made_up.format_day(self._now)

    @property
    def invoice_ids(self) -> list[int]:
        return sorted(self._by_invoice)

    def has_invoice(self, invoice_id: int) -> bool:
        return invoice_id in self._by_invoice

    def invoice(self, invoice_id: int) -> Row:
        """Return the invoice with its payments. Raises KeyError if there is none."""
        made = made_up_invoices.make_invoice(
            invoice_id, self._total(invoice_id), self._payments_of(invoice_id), self.booked
        )
        return {**made, **self._clients.get(invoice_id, {})}

    def amount_due(self, invoice_id: int) -> Decimal:
        """Return what is due on the invoice, below zero if it is overpaid."""
        paid = made_up_invoices.add_up(self._payments_of(invoice_id), voided=False)
        return self._total(invoice_id) - paid

    def select(self, filters: Mapping[str, Any]) -> Sequence[tuple[int, int]]:
        """Return the (moment, id) of each payment that passes the filters, in order."""
        # A client requests the same list many times, so the result is kept until something changes.
        known = (self.payments.version, filters)
        if self._selected is None or self._selected[0] != known:
            self._selected = known, self._select(filters)
        return self._selected[1]

    def _select(self, filters: Mapping[str, Any]) -> Sequence[tuple[int, int]]:
        keys = self.payments.keys
        if "invoice_id" in filters:
            keys = sorted(map(self.payments.key, self._by_invoice.get(filters["invoice_id"], ())))
        first = bisect_left(keys, filters.get("last_modified_at__gte", 0), key=_get_position)
        last = bisect_right(
            keys, filters.get("last_modified_at__lte", made_up.LAST_MOMENT), key=_get_position
        )
        if not {"voided", "external_id"} & filters.keys():
            return keys[first:last]
        return [key for key in keys[first:last] if _passes(filters, self.payments.row(key[1]))]

    def add(self, invoice_id: int, amount: Decimal, fields: Mapping[str, object]) -> int:
        """Add a payment, and return its id. Raises ValueError if the id is taken."""
        made_up.check_payment(fields, self._extra)
        self._now += made_up.SECOND
        if invoice_id in self._by_invoice:
            self._total(invoice_id)
        today = {"payment_date": self.today, "created_at": made_up.format_moment(self._now)}
        return self._write(
            self._now,
            self._next_id,
            {**_ENTERED_BY_HAND, **today, **fields, "invoice_id": invoice_id, "amount": amount},
        )

    def change(self, payment_id: int, fields: Mapping[str, object]) -> None:
        """Change fields of a payment. Raises KeyError if there is none."""
        made_up.check_payment(fields, self._extra)
        row = self.remove(payment_id)
        self._now += made_up.SECOND
        self._write(
            self._now,
            payment_id,
            {**row, "last_modified_at": made_up.format_moment(self._now), **fields},
        )

    def remove(self, payment_id: int) -> Row:
        """Remove a payment, and return it. Raises KeyError if there is none."""
        row = self.payments.row(payment_id)
        self._total(row["invoice_id"])
        self.payments.remove(payment_id)
        self._by_invoice[row["invoice_id"]].discard(payment_id)
        return row

    def _payments_of(self, invoice_id: int) -> list[Row]:
        return [
            self.payments.row(payment_id) for payment_id in sorted(self._by_invoice[invoice_id])
        ]

    def _total(self, invoice_id: int) -> Decimal:
        # The total is computed once, from the first payments. Later payments change only what is
        # due.
        if invoice_id not in self._totals:
            rest = made_up_invoices.make_remainder(self._seed, invoice_id)
            self._totals[invoice_id] = made_up_invoices.add_up(self._payments_of(invoice_id)) + rest
        return self._totals[invoice_id]

    def _write(self, position: int, payment_id: int, given: Mapping[str, Any]) -> int:
        fields = {name: value for name, value in given.items() if name not in _OF_INVOICE}
        row = made_up.complete_payment(self._seed, position, payment_id, fields)
        payment_id = row["id"]
        if payment_id in self.payments:
            raise ValueError(
                f"there is a payment {payment_id} already: give each row an id of its own"
            )
        position = made_up.read_position(row, otherwise=position)
        self._now, self._next_id = max(self._now, position), max(self._next_id, payment_id + 1)
        self.payments.put(position, payment_id, row)
        self._by_invoice.setdefault(row["invoice_id"], set()).add(payment_id)
        named = {name: given[name] for name in _OF_INVOICE if name in given}
        self._clients.setdefault(row["invoice_id"], {}).update(named)
        return payment_id

    def _render(self, row: Row) -> bytes:
        return drf.encode({name: value for name, value in row.items() if name not in self._hidden})


def _get_position(key: tuple[int, int]) -> int:
    return key[0]


def _passes(filters: Mapping[str, Any], row: Row) -> bool:
    voided = filters.get("voided") in (None, row["voided_date"] is not None)
    return voided and filters.get("external_id") in (None, row["external_id"])
