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
from paysdk.testing.records import Row, check_fields, scatter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "FIRST_CHANGE",
    "LAST_MOMENT",
    "LATER_FIELDS",
    "OPEN_INVOICES",
    "SECOND",
    "check_payment",
    "choose_currency",
    "complete_payment",
    "find_first_id",
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
# Sandboxes with different seeds have different ids, for up to ten million payments each.
_IDS_PER_SEED, _SEEDS = 10_000_000, 1000
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
# The last two are fields of the invoice. The list of payments does not show them.
_FIELDS = (
    *("id", "invoice_id", "invoice_number", "amount", "currency", "payment_date", "payment_type"),
    *("source", "external_id", "voided_date", "created_at", "last_modified_at"),
    *("client", "client_name"),
)


@cache
def read_sample(name: str) -> Any:  # noqa: ANN401  # a JSON document
    """A sample of the documents, by the name of its file."""
    return msgspec.json.decode(
        files("paysdk.providers.campfire").joinpath("samples", f"{name}.json").read_bytes()
    )


def keep_sample_fields(value: Any, pattern: Any) -> Any:  # noqa: ANN401  # any JSON values
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


def find_first_id(seed: int) -> int:
    """A number below every id of this seed. For the seed 1 it is 0."""
    return (seed - 1) % _SEEDS * _IDS_PER_SEED


def number_payments(count: int, seed: int = 1) -> list[tuple[int, int]]:
    """The (moment, id) of the first ``count`` payments."""
    first = find_first_id(seed) + _FIRST_PAYMENT
    return [
        (FIRST_CHANGE + index // _SHARING * _INTERVAL, first + (index ^ _SHUFFLE))
        for index in range(count)
    ]


def find_invoice_id(payment_id: int) -> int:
    """The id of the invoice that a made-up payment pays."""
    seed, own = divmod(payment_id, _IDS_PER_SEED)
    index = (own - _FIRST_PAYMENT) ^ _SHUFFLE
    number = index // len(_SHARES) * (_SHARES[-1] + 1) + _SHARES[index % len(_SHARES)]
    gap = _GAP if number >= _BEFORE_GAP else 0
    return seed * _IDS_PER_SEED + _FIRST_INVOICE + number + gap


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


def check_payment(fields: Mapping[str, object], extra: Collection[str]) -> None:
    """Raise ``ConfigurationError`` for a field that no payment has, apart from the *extra* ones."""
    check_fields("A payment of Campfire's sandbox", fields, (*_FIELDS, *extra))


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
