"""Workbooks for spreadsheets."""

from __future__ import annotations

import gc
import io
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import openpyxl
import pytest

from paysdk import ConfigurationError, CustomerRef
from paysdk.tables import xlsx
from paysdk.tables.columns import COLUMNS
from paysdk.tables.xlsx import open_xlsx
from tests.tables.rows import REQUIRED, of_amount, payment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from paysdk import Payment

HEADERS = [*COLUMNS, "amount_exact", "invoice_total_exact", "invoice_balance_exact"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that does not exist yet."""
    return tmp_path / "payments.xlsx"


def cells(path: Path, payments: Sequence[Payment]) -> list[dict[str, Any]]:
    """The cells of each row that a program reads from a workbook of these payments."""
    with open_xlsx(path) as book:
        book.write(payments)
    rows = openpyxl.load_workbook(path)["Payments"].iter_rows()
    headers = [cell.value for cell in next(rows)]
    assert HEADERS == headers
    return [dict(zip(headers, row, strict=False)) for row in rows]


def test_cells_have_the_types_of_the_fields(path: Path) -> None:
    """Amounts are numbers, days and times are dates, and the rest are texts."""
    whole, sparse = cells(path, [payment(), REQUIRED])

    values = {name: cell.value for name, cell in whole.items() if cell.value is not None}
    assert {
        "provider": "campfire",
        "id": "123",
        "amount": 100.1,
        "currency": "EUR",
        "payment_date": datetime(2026, 1, 2),  # noqa: DTZ001  # a spreadsheet has no time zones
        "invoice_id": "7",
        "invoice_number": "INV-7",
        "invoice_total": 480,
        "invoice_balance": 379.9,
        "customer_id": "3",
        "customer_number": "10003",
        "customer_name": "Creditparters B.V.",
        "external_id": "btxn_1",
        "source": "STRIPE",
        "voided_date": datetime(2026, 1, 3),  # noqa: DTZ001  # as above
        "created_at": datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001  # as above
        "modified_at": datetime(2026, 1, 3, 3, 4, 5),  # noqa: DTZ001  # as above
        "voided": True,
    } == values
    formats = {whole[name].number_format for name in ("amount", "invoice_total")}
    assert {"#,##0.00"} == formats
    assert "yyyy-mm-dd" == whole["payment_date"].number_format
    assert {"provider", "id", "amount", "invoice_id", "voided"} == {
        name for name, cell in sparse.items() if cell.value is not None
    }


@pytest.mark.parametrize(
    ("amount", "currency", "number", "shown"),
    [
        ("1236.5", "EUR", 1236.5, ("#,##0.00", None)),
        ("0.001", "EUR", 0.001, ("#,##0.000", None)),
        ("500", "JPY", 500, ("#,##0", None)),
        ("1E+3", None, 1000, ("#,##0", None)),
        ("-7.10", None, -7.1, ("#,##0.00", None)),
        ("123456789012345", None, 123456789012345, ("#,##0", None)),
        ("1234567890123.45", "EUR", 1234567890123.45, ("#,##0.00", None)),
        ("12345678901234.567", "EUR", 12345678901234.567, ("#,##0.000", "12345678901234.567")),
        ("1234567890123456", None, 1234567890123456, ("#,##0", "1234567890123456")),
        ("0.1" + "0" * 40, None, 0.1, ("#,##0." + "0" * 30, None)),
    ],
)
def test_an_amount_is_a_number_and_stays_exact(
    path: Path, amount: str, currency: str | None, number: float, shown: tuple[str, str | None]
) -> None:
    """If a double does not hold its digits, its exact text is in a column of its own."""
    (row,) = cells(path, [of_amount(amount, currency=currency)])

    assert pytest.approx(number, rel=1e-15) == row["amount"].value
    assert shown == (row["amount"].number_format, row["amount_exact"].value)
    assert Decimal(amount) == Decimal(shown[1] or repr(row["amount"].value))


def test_an_amount_above_every_double_is_only_a_text(path: Path) -> None:
    """There is no number that is near it."""
    (row,) = cells(path, [of_amount("1E+400")])

    assert (None, "1E+400") == (row["amount"].value, row["amount_exact"].value)


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(1)",
        "{=1}",
        "https://example.com",
        "<r><t>x</t></r>",
        "a\x07b",
        " x ",
    ],
)
def test_a_text_stays_a_text(path: Path, text: str) -> None:
    """No text becomes a formula, a link or markup."""
    (row,) = cells(path, [attrs.evolve(REQUIRED, customer=CustomerRef("1", None, text))])

    cell = row["customer_name"]
    assert ("s", None) == (cell.data_type.replace("inlineStr", "s"), cell.hyperlink)
    assert text.strip() == openpyxl.utils.escape.unescape(cell.value).strip()


def test_what_xml_cannot_hold_is_replaced(path: Path) -> None:
    """A lone surrogate is no text, and would make the file unreadable."""
    (row,) = cells(path, [attrs.evolve(REQUIRED, external_id="a\ud800b\uffff")])

    assert "a\ufffdb\ufffd" == row["external_id"].value


def test_a_day_before_the_calendar_of_excel_is_a_text(path: Path) -> None:
    """Its calendar begins in 1900."""
    old = attrs.evolve(REQUIRED, payment_date=date(1899, 12, 31))
    (row,) = cells(path, [old])

    assert "1899-12-31" == row["payment_date"].value


def test_times_are_in_utc(path: Path) -> None:
    """A spreadsheet has no time zones."""
    moment = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    (row,) = cells(path, [attrs.evolve(REQUIRED, created_at=moment)])

    assert moment == row["created_at"].value.replace(tzinfo=UTC)


def test_a_sheet_that_is_full_is_continued(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next sheet has its own header."""
    monkeypatch.setattr(xlsx, "_MAX_ROWS", 4)
    with open_xlsx(path) as book:
        book.write([attrs.evolve(REQUIRED, id=str(number)) for number in range(7)])

    sheets = openpyxl.load_workbook(path)
    found = {sheet.title: [row[1] for row in sheet.values] for sheet in sheets}
    assert {
        "Payments": ["id", "0", "1", "2"],
        "Payments 2": ["id", "3", "4", "5"],
        "Payments 3": ["id", "6"],
    } == found


def test_no_payments_are_a_header(path: Path) -> None:
    """A person then sees that there are none."""
    assert [] == cells(path, [])


def test_a_text_that_no_cell_holds_is_refused(path: Path) -> None:
    """The message says what to do, and nothing is written."""
    long = attrs.evolve(REQUIRED, external_id="\U0001f600" * 16_384)
    with (
        pytest.raises(ConfigurationError, match="32,767 characters, and external_id of a payment"),
        open_xlsx(path) as book,
    ):
        book.write([REQUIRED, long])

    assert [] == [*path.parent.iterdir()]


def test_a_full_disk_is_an_error_of_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left, and nothing is printed when zipfile's object is deleted."""
    printed: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", printed.append)
    # Like a disk that is full from here on: each call that writes to the file fails.
    monkeypatch.setattr(xlsx, "FileIO", lambda *_: io.FileIO("/dev/full", "w"))
    with (
        pytest.raises(OSError, match="No space left") as caught,
        open_xlsx(path) as book,
    ):
        book.write([REQUIRED])
    gc.collect()

    assert (str(path), []) == (caught.value.filename, [*path.parent.iterdir()])
    assert [] == printed


def test_a_missing_extra_is_named() -> None:
    """The message has the command that installs it."""
    source = "import sys; sys.modules['xlsxwriter'] = None; import paysdk.tables.xlsx"
    done = subprocess.run(
        [sys.executable, "-c", source], check=False, capture_output=True, text=True
    )

    assert "A workbook needs xlsxwriter, which is not installed" in done.stderr
