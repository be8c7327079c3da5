"""The payments that Campfire's sandbox makes up, and the documents' samples.

A payment depends only on the seed and its id. Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from paysdk.testing.drf.fields import parse_moment
from paysdk.testing.records import Row, scatter

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FIRST_CHANGE",
    "LAST_MOMENT",
    "LATER_FIELDS",
    "OPEN_INVOICES",
    "SECOND",
    "choose_currency",
    "complete_payment",
    "find_invoice_id",
    "format_day",
    "format_moment",
    "from_cents",
    "keep_sample_fields",
    "make_invoice_number",
    "make_payment",
    "number_payments",
    "read_position",
    "read_sample",
]

SECOND = 1_000_000
FIRST_CHANGE = parse_moment("2025-01-01T08:00:00Z")
LAST_MOMENT = parse_moment("9999-12-31T23:59:59Z")
OPEN_INVOICES = range(58_700, 58_720)
# Fields that the later schema has, and the list's document does not.
LATER_FIELDS = ("payment_type", "source")

_FIRST_PAYMENT = 22_220
# Three payments share a moment, and the next three come 97 seconds later.
_SHARING, _INTERVAL = 3, 97 * SECOND
# The order of ids differs from the order of changes.
_SHUFFLE = 5
# Eight payments in a row pay five invoices. This is the invoice of each payment, so an invoice has
# one, two or three payments.
_SHARES = (0, 1, 2, 2, 3, 3, 3, 4)
_FIRST_INVOICE = 47_864
# Ids that are left out for the open invoices.
_BEFORE_GAP, _GAP = 10_000, 20_000
_FIRST_NUMBER = 493

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


@cache
def read_sample(name: str) -> Any:  # noqa: ANN401 - a JSON document
    """A sample of the documents, by the name of its file."""
    return msgspec.json.decode(
        files("paysdk.providers.campfire").joinpath("samples", f"{name}.json").read_bytes()
    )


def keep_sample_fields(value: Any, pattern: Any) -> Any:  # noqa: ANN401 - JSON values of any shape
    """The value with only the fields that the sample has in the same place."""
    if isinstance(pattern, dict):
        return {
            name: keep_sample_fields(value[name], part)
            for name, part in msgspec.convert(pattern, dict[str, Any]).items()
        }
    if isinstance(pattern, list) and pattern:
        return [keep_sample_fields(item, pattern[0]) for item in value]
    return value


def format_moment(position: int) -> str:
    """A moment, in microseconds since 1970, in the form of the documents' hand-written samples."""
    return _utc(position).isoformat(timespec="seconds")[:19] + "+0000"


def format_day(position: int) -> str:
    """The day of a moment."""
    return _utc(position).date().isoformat()


def _utc(position: int) -> datetime:
    return datetime.fromtimestamp(position // SECOND, UTC)


def number_payments(count: int) -> list[tuple[int, int]]:
    """The (moment, id) of the first ``count`` payments."""
    return [
        (FIRST_CHANGE + index // _SHARING * _INTERVAL, _FIRST_PAYMENT + (index ^ _SHUFFLE))
        for index in range(count)
    ]


def find_invoice_id(payment_id: int) -> int:
    """The id of the invoice that a made-up payment pays."""
    index = (payment_id - _FIRST_PAYMENT) ^ _SHUFFLE
    number = index // len(_SHARES) * (_SHARES[-1] + 1) + _SHARES[index % len(_SHARES)]
    return _FIRST_INVOICE + number + (_GAP if number >= _BEFORE_GAP else 0)


def make_payment(seed: int, position: int, payment_id: int) -> Row:
    """A payment as the list has it."""
    bits = scatter(seed, payment_id)
    kind, source, prefix = _KINDS[bits % len(_KINDS)]
    invoice_id = find_invoice_id(payment_id)
    cents = 100 + (bits >> 8) % 2_000_000
    return {
        "id": payment_id,
        "invoice_id": invoice_id,
        "invoice_number": make_invoice_number(invoice_id),
        # Digits as an ERP sends them: 1200, 1200.5 and 1200.50 all occur.
        "amount": (Decimal(cents // 100), Decimal(cents // 10).scaleb(-1))[bits >> 33 & 1]
        if bits >> 32 & 1
        else from_cents(cents),
        "currency": choose_currency(invoice_id),
        "payment_date": format_day(position - (bits >> 40) % 5 * 86_400 * SECOND),
        "payment_type": kind,
        "source": source,
        "external_id": f"{prefix}{payment_id}" if prefix else None,
        "voided_date": format_day(position) if (bits >> 48) % 16 == 0 else None,
        "created_at": format_moment(position - (bits >> 52) % 4 * 3_600 * SECOND),
        "last_modified_at": format_moment(position),
    }


def complete_payment(seed: int, position: int, payment_id: int, fields: Mapping[str, Any]) -> Row:
    """A payment with these fields. The missing ones are made up so that they fit."""
    row = {**make_payment(seed, position, payment_id), **fields}
    for name, value in (
        ("invoice_number", make_invoice_number(row["invoice_id"])),
        ("currency", choose_currency(row["invoice_id"])),
    ):
        row[name] = fields.get(name, value)
    return row


def read_position(row: Row, otherwise: int) -> int:
    """When the row was modified, or *otherwise* if it shows no readable time.

    A test of broken rows may want such a row.
    """
    try:
        return parse_moment(str(row["last_modified_at"]))
    except ValueError:
        return otherwise


def make_invoice_number(invoice_id: int) -> str:
    """The number that a person sees on the invoice."""
    return f"INV-{invoice_id - _FIRST_INVOICE + _FIRST_NUMBER:07d}"


def choose_currency(invoice_id: int) -> str:
    """The currency of an invoice: dollars for three of five."""
    return _CURRENCIES[invoice_id % len(_CURRENCIES)]


def from_cents(cents: int) -> Decimal:
    """An amount with two decimals."""
    return Decimal(cents).scaleb(-2)
