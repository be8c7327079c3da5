"""The columns of a table of payments."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from paysdk.tables.columns import COLUMNS, split_into_columns
from tests.tables.rows import REQUIRED, payment


def test_each_field_is_a_column() -> None:
    """The invoice and the customer have a column for each of their fields."""
    columns = split_into_columns([payment(), REQUIRED])

    assert COLUMNS == tuple(columns)
    found = {name: tuple(values) for name, values in columns.items()}
    assert {
        "provider": ("campfire", "other"),
        "id": ("123", "1"),
        "amount": (Decimal("100.10"), Decimal(1)),
        "currency": ("EUR", None),
        "payment_date": (date(2026, 1, 2), None),
        "invoice_id": ("7", "2"),
        "invoice_number": ("INV-7", None),
        "invoice_total": (Decimal("480.00"), None),
        "invoice_balance": (Decimal("379.90"), None),
        "customer_id": ("3", None),
        "customer_number": ("10003", None),
        "customer_name": ("Creditparters B.V.", None),
        "external_id": ("btxn_1", None),
        "source": ("STRIPE", None),
        "voided_date": (date(2026, 1, 3), None),
        "created_at": (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), None),
        "modified_at": (datetime(2026, 1, 3, 3, 4, 5, tzinfo=UTC), None),
        "voided": (True, False),
    } == found


def test_no_payments_are_empty_columns() -> None:
    """Every column is there without payments, too."""
    assert {name: [] for name in COLUMNS} == split_into_columns([])
