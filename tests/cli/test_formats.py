"""What programs read."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

from paysdk import CustomerRef, InvoiceRef, Payment, make_converter
from paysdk.cli.formats import COLUMNS, csv_writer, jsonl_writer

FULL = Payment(
    provider="acme",
    id="7",
    amount=Decimal("1200.50"),
    currency="EUR",
    payment_date=date(2026, 1, 31),
    invoice=InvoiceRef("9", "INV-9", Decimal("0.10"), Decimal(0)),
    customer=CustomerRef("3", "10003", 'Müller, "Sons"\nand Co'),
    external_id="x-1",
    source="MANUAL",
    voided_date=date(2026, 2, 1),
    created_at=datetime(2026, 1, 31, 8, tzinfo=UTC),
    modified_at=datetime(2026, 1, 31, 9, 0, 0, 5, tzinfo=UTC),
    raw=b'{"amount": 1200.50}',
)
BARE = Payment(provider="acme", id="8", amount=Decimal("-0.00"), invoice=InvoiceRef("9"))


def test_a_line_of_json_is_the_whole_payment() -> None:
    """Each line, read back, is an equal payment with what the provider sent."""
    out = io.StringIO()
    jsonl_writer(out)([FULL, BARE])
    read = [make_converter().loads(line, Payment) for line in out.getvalue().encode().splitlines()]

    assert [FULL, BARE] == read
    assert {"amount": Decimal("1200.50")} == read[0].raw
    assert '"amount":"1200.50"' in out.getvalue()


def test_csv_has_a_header_and_every_digit() -> None:
    """The columns stand where they are promised, amounts with their digits, and what is not known is empty."""
    out = io.StringIO(newline="")
    csv_writer(out)([FULL, BARE])
    header, full, bare = csv.reader(io.StringIO(out.getvalue(), newline=""))

    assert [*COLUMNS] == header
    assert [
        *("acme", "7", "1200.50", "EUR", "2026-01-31", "9", "INV-9", "0.10", "0"),
        *("3", "10003", 'Müller, "Sons"\nand Co', "x-1", "MANUAL", "2026-02-01"),
        *("2026-01-31T08:00:00+00:00", "2026-01-31T09:00:00.000005+00:00"),
    ] == full
    assert {"provider": "acme", "id": "8", "amount": "-0.00", "invoice_id": "9"} == {
        name: value for name, value in zip(COLUMNS, bare, strict=True) if value
    }


def test_csv_of_nothing_has_its_header() -> None:
    """A program that reads no payments still finds the columns."""
    out = io.StringIO()
    csv_writer(out)

    assert f"{','.join(COLUMNS)}\n" == out.getvalue()
