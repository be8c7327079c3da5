"""What the payments and invoices of Campfire's sandbox look like: pure functions of the seed and an id, and the documents' samples.

The two invoices of the documents exist: 47864 has payments, and 58700 is open; what is due on it is
what the sample body pays.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from paysdk.testing.drf.fields import parse_moment
from paysdk.testing.records import Row, scatter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "FIRST_CHANGE",
    "LAST_MOMENT",
    "LATER_FIELDS",
    "OPEN_INVOICES",
    "SECOND",
    "complete",
    "cut",
    "day_of",
    "invoice_of",
    "invoice_row",
    "numbered",
    "open_total",
    "payment_row",
    "position_of",
    "remainder",
    "sample",
    "stamp",
    "sum_of",
]

SECOND = 1_000_000
FIRST_CHANGE = parse_moment("2025-01-01T08:00:00Z")
LAST_MOMENT = parse_moment("9999-12-31T23:59:59Z")
OPEN_INVOICES = range(58_700, 58_720)
# What the list's document does not have yet and the later schema has.
LATER_FIELDS = ("payment_type", "source")

_FIRST_PAYMENT = 22_220
# Three payments share a moment, and the next three come 97 seconds later.
_SHARING, _INTERVAL = 3, 97 * SECOND
# Ids are in another order than changes are.
_SHUFFLE = 5
# Which of five invoices each of eight payments in a row pays: one, two or three payments to an
# invoice.
_SHARES = (0, 1, 2, 2, 3, 3, 3, 4)
_FIRST_INVOICE = 47_864
# Ids that are left out for the open invoices.
_BEFORE_GAP, _GAP = 10_000, 20_000
_FIRST_NUMBER = 493
_SAMPLE_DUE = Decimal("1033.33")
_TENANT = 1

# payment_type, source and the beginning of external_id, which is null for payments entered by hand.
_KINDS = (
    ("BANK_TRANSACTION", "STRIPE", "btxn_"),
    ("BANK_TRANSACTION", "STRIPE", "btxn_"),
    ("BANK_TRANSACTION", "MANUAL", None),
    ("MANUAL_TRANSACTION", "MANUAL", None),
    ("CREDIT_MEMO", "STRIPE", "cn_"),
    ("CREDIT_MEMO", None, None),
)
_CURRENCIES = ("USD", "USD", "USD", "EUR", "GBP")
_SHARED_FIELDS = (
    *("id", "amount", "currency", "payment_date", "voided_date", "created_at", "last_modified_at"),
    *("payment_type", "source", "external_id"),
)


@cache
def sample(name: str) -> Any:  # noqa: ANN401 - a JSON document
    """A sample of the documents, by the name of its file."""
    return msgspec.json.decode(
        files("paysdk.providers.campfire").joinpath("samples", f"{name}.json").read_bytes()
    )


def cut(value: Any, pattern: Any) -> Any:  # noqa: ANN401 - JSON values of any shape
    """The value with only those fields that the sample has at the same place."""
    if isinstance(pattern, dict):
        return {
            name: cut(value[name], part)
            for name, part in msgspec.convert(pattern, dict[str, Any]).items()
        }
    if isinstance(pattern, list) and pattern:
        return [cut(item, pattern[0]) for item in value]
    return value


def stamp(position: int) -> str:
    """A moment, in microseconds since 1970, as the documents' hand-written samples have it."""
    return _utc(position).isoformat(timespec="seconds")[:19] + "+0000"


def day_of(position: int) -> str:
    """The day of a moment."""
    return _utc(position).date().isoformat()


def _utc(position: int) -> datetime:
    return datetime.fromtimestamp(position // SECOND, UTC)


def numbered(count: int) -> list[tuple[int, int]]:
    """The (moment, id) of the first ``count`` payments."""
    return [
        (FIRST_CHANGE + index // _SHARING * _INTERVAL, _FIRST_PAYMENT + (index ^ _SHUFFLE))
        for index in range(count)
    ]


def invoice_of(payment_id: int) -> int:
    """The id of the invoice that a made-up payment pays."""
    index = (payment_id - _FIRST_PAYMENT) ^ _SHUFFLE
    number = index // len(_SHARES) * (_SHARES[-1] + 1) + _SHARES[index % len(_SHARES)]
    return _FIRST_INVOICE + number + (_GAP if number >= _BEFORE_GAP else 0)


def payment_row(seed: int, position: int, payment_id: int) -> Row:
    """A payment as the list has it."""
    bits = scatter(seed, payment_id)
    kind, source, prefix = _KINDS[bits % len(_KINDS)]
    invoice_id = invoice_of(payment_id)
    cents = 100 + (bits >> 8) % 2_000_000
    return {
        "id": payment_id,
        "invoice_id": invoice_id,
        "invoice_number": _number(invoice_id),
        # Digits as an ERP sends them: 1200, 1200.5 and 1200.50 all occur.
        "amount": (Decimal(cents // 100), Decimal(cents // 10).scaleb(-1))[bits >> 33 & 1]
        if bits >> 32 & 1
        else _cents(cents),
        "currency": _currency(invoice_id),
        "payment_date": day_of(position - (bits >> 40) % 5 * 86_400 * SECOND),
        "payment_type": kind,
        "source": source,
        "external_id": f"{prefix}{payment_id}" if prefix else None,
        "voided_date": day_of(position) if (bits >> 48) % 16 == 0 else None,
        "created_at": stamp(position - (bits >> 52) % 4 * 3_600 * SECOND),
        "last_modified_at": stamp(position),
    }


def complete(seed: int, position: int, payment_id: int, fields: Mapping[str, Any]) -> Row:
    """A payment with these fields, and what they leave open made up so that it fits them."""
    row = {**payment_row(seed, position, payment_id), **fields}
    for name, value in (
        ("invoice_number", _number(row["invoice_id"])),
        ("currency", _currency(row["invoice_id"])),
    ):
        row[name] = fields.get(name, value)
    return row


def position_of(row: Row, otherwise: int) -> int:
    """When the row was modified, or ``otherwise`` where it does not say so legibly, as a test of broken rows may want it."""
    try:
        return parse_moment(str(row["last_modified_at"]))
    except ValueError:
        return otherwise


def _number(invoice_id: int) -> str:
    return f"INV-{invoice_id - _FIRST_INVOICE + _FIRST_NUMBER:07d}"


def _currency(invoice_id: int) -> str:
    return _CURRENCIES[invoice_id % len(_CURRENCIES)]


def _cents(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def open_total(seed: int, invoice_id: int) -> Decimal:
    """What is due on an invoice that has no payments at first."""
    return (
        _SAMPLE_DUE
        if invoice_id == OPEN_INVOICES[0]
        else _cents(10_000 + scatter(seed, invoice_id) % 500_000)
    )


def remainder(seed: int, invoice_id: int) -> Decimal:
    """What is due on an invoice beyond its payments: something on every fourth."""
    return (
        _cents(1 + scatter(seed, invoice_id) % 90_000) if invoice_id % 4 == 1 else Decimal("0.00")
    )


def sum_of(rows: Iterable[Row], *, voided: bool = True) -> Decimal:
    """What the payments come to, with the voided ones or without; amounts that are no numbers, in a test's own rows, count as nothing."""
    amounts = [row["amount"] for row in rows if voided or row["voided_date"] is None]
    return sum(
        (Decimal(amount) for amount in amounts if isinstance(amount, (Decimal, int))),
        Decimal("0.00"),
    )


def invoice_row(invoice_id: int, total: Decimal, rows: list[Row], booked: Mapping[int, Row]) -> Row:
    """An invoice with these payments, and every field that any of the documents has; ``booked`` is what is known of a payment only here."""
    paid = sum_of(rows, voided=False)
    due = max(total - paid, Decimal("0.00"))
    opened = date(2024, 11, 1) + timedelta(days=invoice_id % 45)
    created = f"{opened}T09:00:00+0000"
    currency = rows[0]["currency"] if rows else _currency(invoice_id)
    client = 24_020 + invoice_id % 50
    number = rows[0]["invoice_number"] if rows else _number(invoice_id)
    payments = [_nested(row, booked.get(row["id"], {})) for row in rows]
    settled = not due and bool(paid)
    return {
        **_every_field(),
        "id": invoice_id,
        "lines": [_line(invoice_id, total, currency, created)],
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
def _every_field() -> Row:
    # The retrieved sample is a real invoice; what only the generated sample of mark_invoice_paid
    # has is null.
    return {**dict.fromkeys(sample("mark_invoice_paid")), **sample("retrieve_invoice")}


def _line(invoice_id: int, total: Decimal, currency: str, created: str) -> Row:
    known = {
        **dict.fromkeys(sample("mark_invoice_paid")["lines"][0]),
        **sample("retrieve_invoice")["lines"][0],
    }
    ours = {
        "id": 158_364 + invoice_id,
        "customer": _TENANT,
        "currency": currency,
        "created_at": created,
        "last_modified_at": created,
    }
    return {**known, **ours, "quantity": 1, "rate": total, "amount": total}


def _nested(row: Row, booked: Row) -> Row:
    return {
        **dict.fromkeys(sample("mark_invoice_paid")["payments"][0]),
        **{name: row[name] for name in _SHARED_FIELDS},
        "customer": _TENANT,
        "invoice": row["invoice_id"],
        "withheld_amount": None,
        "fx_gain_loss_realized_transaction": None,
        "payment_term_discount_transaction": None,
        "payment_transactions": [],
        **booked,
    }
