"""The invoices of Campfire's sandbox. Pure.

The two invoices of the documents exist. 47864 has payments. 58700 is open, and what is due on it is
what the sample request pays.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from paysdk.providers.campfire.sandbox_payments import (
    OPEN_INVOICES,
    choose_currency,
    from_cents,
    make_invoice_number,
    read_sample,
)
from paysdk.testing.records import Row, scatter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["add_up", "make_invoice", "make_open_total", "make_remainder"]

_SAMPLE_DUE = Decimal("1033.33")
_TENANT = 1
_SHARED_FIELDS = (
    *("id", "amount", "currency", "payment_date", "voided_date", "created_at", "last_modified_at"),
    *("payment_type", "source", "external_id"),
)


def make_open_total(seed: int, invoice_id: int) -> Decimal:
    """The amount due on an invoice that has no payments at first."""
    return (
        _SAMPLE_DUE
        if invoice_id == OPEN_INVOICES[0]
        else from_cents(10_000 + scatter(seed, invoice_id) % 500_000)
    )


def make_remainder(seed: int, invoice_id: int) -> Decimal:
    """The amount due after an invoice's first payments: above zero on every fourth invoice."""
    return (
        from_cents(1 + scatter(seed, invoice_id) % 90_000)
        if invoice_id % 4 == 1
        else Decimal("0.00")
    )


def add_up(rows: Iterable[Row], *, voided: bool = True) -> Decimal:
    """The sum of the payments, with or without the voided ones.

    An amount that is not a number, as a test's own row may have it, counts as zero.
    """
    amounts = [row["amount"] for row in rows if voided or row["voided_date"] is None]
    return sum(
        (Decimal(amount) for amount in amounts if isinstance(amount, (Decimal, int))),
        Decimal("0.00"),
    )


def make_invoice(
    invoice_id: int, total: Decimal, rows: list[Row], booked: Mapping[int, Row]
) -> Row:
    """An invoice with these payments, and every field that any of the documents has.

    *booked* has the fields of payments that only an invoice shows.
    """
    paid = add_up(rows, voided=False)
    due = max(total - paid, Decimal("0.00"))
    opened = date(2024, 11, 1) + timedelta(days=invoice_id % 45)
    created = f"{opened}T09:00:00+0000"
    currency = rows[0]["currency"] if rows else choose_currency(invoice_id)
    client = 24_020 + invoice_id % 50
    number = rows[0]["invoice_number"] if rows else make_invoice_number(invoice_id)
    payments = [_make_nested_payment(row, booked.get(row["id"], {})) for row in rows]
    settled = not due and bool(paid)
    return {
        **_read_every_field(),
        "id": invoice_id,
        "lines": [_make_line(invoice_id, total, currency, created)],
        "payments": payments,
        "payment_journal_entries": [payment["payment_journal_entry"] for payment in payments],
        "client": client,
        "client_name": f"Client {client}",
        "status": "paid" if settled else "partially_paid" if paid else "unpaid",
        "payment_status": "paid" if settled else "partial" if paid else "open",
        "entity_currency": currency,
        "currency": currency,
        "total_amount": total,
        "amount_paid": paid,
        "amount_due": due,
        "invoice_number": number,
        "search_text": f"{number} Client {client}",
        "invoice_date": opened.isoformat(),
        "due_date": (opened + timedelta(days=30)).isoformat(),
        "paid_date": max((str(row["payment_date"]) for row in rows), default=None)
        if settled
        else None,
        "created_at": created,
        "last_modified_at": max((str(row["last_modified_at"]) for row in rows), default=created),
        "customer": _TENANT,
        "is_deleted": False,
    }


@cache
def _read_every_field() -> Row:
    # The sample of retrieve_invoice is a real invoice. The fields that only the generated sample of
    # mark_invoice_paid has are null.
    return {**dict.fromkeys(read_sample("mark_invoice_paid")), **read_sample("retrieve_invoice")}


def _make_line(invoice_id: int, total: Decimal, currency: str, created: str) -> Row:
    known = {
        **dict.fromkeys(read_sample("mark_invoice_paid")["lines"][0]),
        **read_sample("retrieve_invoice")["lines"][0],
    }
    ours = {
        "id": 158_364 + invoice_id,
        "customer": _TENANT,
        "currency": currency,
        "created_at": created,
        "last_modified_at": created,
    }
    return {**known, **ours, "quantity": 1, "rate": total, "amount": total}


def _make_nested_payment(row: Row, booked: Row) -> Row:
    return {
        **dict.fromkeys(read_sample("mark_invoice_paid")["payments"][0]),
        **{name: row[name] for name in _SHARED_FIELDS},
        "customer": _TENANT,
        "invoice": row["invoice_id"],
        "withheld_amount": None,
        "fx_gain_loss_realized_transaction": None,
        "payment_term_discount_transaction": None,
        "payment_transactions": [],
        **booked,
    }
