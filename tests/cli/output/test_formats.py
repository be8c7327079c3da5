"""The formats for programs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysdk import CustomerRef, InvoiceRef, Payment, make_converter
from paysdk.cli.output.formats import CsvStyle, begin_csv, csv_writer, jsonl_writer
from paysdk.tables.columns import COLUMNS

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


def test_a_line_of_json_is_a_complete_payment() -> None:
    """Each line can be read back as an equal payment, with its raw record."""
    out = io.StringIO()
    jsonl_writer(out)([FULL, BARE])
    read = [make_converter().loads(line, Payment) for line in out.getvalue().encode().splitlines()]

    assert [FULL, BARE] == read
    assert {"amount": Decimal("1200.50")} == read[0].raw
    assert '"amount":"1200.50"' in out.getvalue()


def test_csv_has_a_header_and_every_digit() -> None:
    """The columns have their promised order, amounts are exact, and ``None`` is empty."""
    out = io.StringIO(newline="")
    csv_writer(out)([FULL, BARE])
    header, full, bare = csv.reader(io.StringIO(out.getvalue(), newline=""))

    assert [*COLUMNS] == header
    assert [
        *("acme", "7", "1200.50", "EUR", "2026-01-31", "9", "INV-9", "0.10", "0"),
        *("3", "10003", 'Müller, "Sons"\nand Co', "x-1", "MANUAL", "2026-02-01"),
        *("2026-01-31T08:00:00+00:00", "2026-01-31T09:00:00.000005+00:00", "True"),
    ] == full
    expected = {"provider": "acme", "id": "8", "amount": "-0.00", "invoice_id": "9"}
    assert {**expected, "voided": "False"} == {
        name: value for name, value in zip(COLUMNS, bare, strict=True) if value
    }


def test_csv_without_payments_has_its_header() -> None:
    """Without payments the header is still written."""
    out = io.StringIO()
    csv_writer(out)

    assert f"{','.join(COLUMNS)}\n" == out.getvalue()


def write_csv(texts: list[str], **style: bool) -> str:
    """Return CSV with a header and a row of these texts."""
    out = io.StringIO(newline="")
    write_row = begin_csv(
        out, [f"c{number}" for number in range(len(texts))], frozenset(), CsvStyle(**style)
    )
    write_row(texts)
    return out.getvalue()


@pytest.mark.parametrize("sign", [*'\r\n\t\v\f\0\x1b\x1c\x85\u2028\u2029,;"', "\r\n", " ", ""])
def test_every_text_is_one_field(sign: str) -> None:
    """A text with a character that may end a line or a field is quoted."""
    text = f"Line 1{sign}Line 2"
    edges = f"{sign}x{sign}"
    row = write_csv([text, edges], raw_text=True).removeprefix("c0,c1\n")

    assert [["c0", "c1"], [text, edges]] == [*csv.reader(io.StringIO(f"c0,c1\n{row}", newline=""))]
    assert (sign not in {"", " "}) == row.startswith('"')
    assert [[text, edges]] == [*csv.reader(row.splitlines(keepends=True))]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2))
def test_raw_text_does_not_change(texts: list[str]) -> None:
    """With ``raw_text`` every text can be read back unchanged."""
    _, row = csv.reader(io.StringIO(write_csv(texts, raw_text=True), newline=""))

    assert texts == row


FORMULAS = [
    ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
    ("+49 30 1", "'+49 30 1"),
    ("-1", "'-1"),
    ("@SUM(1)", "'@SUM(1)"),
    ("\tEUR", "'\tEUR"),
    ("\rx", "'\rx"),
    ("\nx", "'\nx"),
    ("  =1", "'  =1"),
    ("\xa0=1", "'\xa0=1"),
    ("\u3000\ufeff\u200b=1", "'\u3000\ufeff\u200b=1"),
    ("\0=1", "'\0=1"),
    ('"=1', "'\"=1"),
    ("'=1", "''=1"),
    ("\uff1d1", "'\uff1d1"),
    ("\ufe661", "'\ufe661"),
    ("\ufe6bSUM(1)", "'\ufe6bSUM(1)"),
    ("\u2063\u202e\u2066=1", "'\u2063\u202e\u2066=1"),
    ("\ufe0f\u180e\u3164-1", "'\ufe0f\u180e\u3164-1"),
    ("\U000e0020\u061c+1", "'\U000e0020\u061c+1"),
    ("\u2063a=1", "\u2063a=1"),
    ("\uff0b1", "'\uff0b1"),
    ("\uff0d1", "'\uff0d1"),
    ("\uff20A1", "'\uff20A1"),
    ("A; =1", "A;' =1"),
    ("A\r\n=1;@B", "A\r\n'=1;'@B"),
    ("A\t-1", "A\t'-1"),
]


@pytest.mark.parametrize(("text", "safe"), FORMULAS)
def test_no_text_is_a_formula(text: str, safe: str) -> None:
    """A text gets an apostrophe wherever a spreadsheet would begin a formula."""
    _, row = csv.reader(io.StringIO(write_csv([text, "x"]), newline=""))

    assert [safe, "x"] == row


@pytest.mark.parametrize(
    "text",
    [
        "x=1",
        "A-B",
        "a@b.example",
        "1+1",
        "M\u00fcller; S\u00f6hne",
        "Line 1\rLine 2",
        "O'Neil",
        '"A" B',
        "",
    ],
)
def test_other_text_does_not_change(text: str) -> None:
    """Any other text does not change."""
    _, row = csv.reader(io.StringIO(write_csv([text, "x"]), newline=""))

    assert [text, "x"] == row


def test_amounts_stay_numbers() -> None:
    """A negative amount stays a number, and texts are safe without ``raw_text``."""
    invoice = InvoiceRef("-9", "=1", Decimal("-0.10"), Decimal("-1E+3"))
    payment = attrs.evolve(
        FULL, id="@7", amount=Decimal("-12.50"), invoice=invoice, customer=CustomerRef("+3")
    )
    found = []
    for style in (CsvStyle(), CsvStyle(raw_text=True)):
        out = io.StringIO(newline="")
        csv_writer(out, style)([payment])
        (row,) = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
        found.append(row)

    names = (
        "id",
        "amount",
        "invoice_id",
        "invoice_number",
        "invoice_total",
        "invoice_balance",
        "customer_id",
    )
    assert ["'@7", "-12.50", "'-9", "'=1", "-0.10", "-1E+3", "'+3"] == [
        found[0][name] for name in names
    ]
    assert ["@7", "-12.50", "-9", "=1", "-0.10", "-1E+3", "+3"] == [
        found[1][name] for name in names
    ]


def test_a_signature_comes_first() -> None:
    """With ``bom`` the file begins with the UTF-8 signature, once."""
    text = write_csv(["M\u00fcller"], bom=True)

    assert "\ufeffc0\nM\u00fcller\n" == text
    assert b"\xef\xbb\xbfc0" == text.encode()[:5]
