"""Write payments to a workbook for Excel and other spreadsheets, with flat memory.

It needs XlsxWriter, which is in the extra ``cli``.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from io import BufferedWriter, FileIO
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.distribution import describe_missing

if find_spec("xlsxwriter") is None:
    raise ModuleNotFoundError(
        describe_missing("A workbook", "xlsxwriter", "cli"), name="xlsxwriter"
    )

import xlsxwriter as untyped_xlsxwriter  # pyright: ignore[reportMissingTypeStubs]

from paysdk.currencies import minor_digits
from paysdk.errors import ConfigurationError
from paysdk.files import replace_when_complete
from paysdk.tables.columns import AMOUNTS, COLUMNS, DAYS, MOMENTS, split_into_columns

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Sequence
    from datetime import date

    from typing_extensions import Buffer

    from paysdk.payment import Payment

__all__ = ["Workbook", "open_xlsx"]

# XlsxWriter ships no types.
xlsxwriter: Any = untyped_xlsxwriter

# https://support.microsoft.com/en-us/office/excel-specifications-and-limits: the rows of a sheet,
# the characters of a cell, and the digits of a number.
_MAX_ROWS = 1_048_576
_MAX_CHARS = 32_767
_MAX_DIGITS = 15
_MAX_DECIMALS = 30
# Excel has no day before this year.
_FIRST_YEAR = 1900
_WIDTH_CHARS = 16
_DAY, _MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
# XML cannot contain these. XlsxWriter escapes the other control characters.
_NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_EXACT = tuple(name for name in COLUMNS if name in AMOUNTS)
# The exact texts of amounts come after all other columns.
_HEADERS = (*COLUMNS, *(f"{name}_exact" for name in _EXACT))


@contextmanager
def open_xlsx(path: str | os.PathLike[str]) -> Generator[Workbook]:
    """Open a workbook for payments. It is complete when the context ends without an error."""
    with TemporaryDirectory() as folder, replace_when_complete(path) as draft:
        # In this mode, a row goes to a file in the folder as soon as the next row begins.
        options = {"constant_memory": True, "tmpdir": folder, "use_zip64": True}
        with _Draft(FileIO(draft, "x")) as out:
            book = Workbook(xlsxwriter.Workbook(out, options))
            try:
                yield book
                book.finish()
            finally:
                book.close_files()
        if out.error is not None:
            raise out.error


class _Draft(BufferedWriter):
    """A file that keeps its first error, and ignores everything after it.

    After an error, ``zipfile`` would write again when its object is deleted, and Python would print
    the error of that.
    """

    error: OSError | None = None

    def write(self, data: Buffer) -> int:
        return self._attempt(super().write, data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._attempt(super().seek, offset, whence)

    def flush(self) -> None:
        self._attempt(super().flush)

    def _attempt(self, action: Callable[..., int | None], *arguments: object) -> int:
        if self.error is None:
            try:
                return action(*arguments) or 0
            except OSError as error:
                self.error = error
        return 0


@attrs.define
class Workbook:
    """A workbook for payments. It has as many sheets as the payments need.

    Amounts are numbers, with at least the decimals of their currency. A spreadsheet keeps 15 digits
    of a number. So an amount that has more, or that no double holds, is also in a column of exact
    texts. Times are in UTC, because a spreadsheet has no time zones. No cell is a formula.
    """

    _book: Any
    _sheet: Any = attrs.field(default=None, init=False)
    _row: int = attrs.field(default=0, init=False)
    _formats: dict[str, Any] = attrs.field(factory=dict[str, Any], init=False)

    def write(self, payments: Sequence[Payment]) -> None:
        """Write payments.

        Raises ``ConfigurationError`` for a text that is longer than a cell can hold.
        """
        for values in zip(*split_into_columns(payments).values(), strict=True):
            self._write_row(dict(zip(COLUMNS, values, strict=True)))

    def finish(self) -> None:
        """Write the file."""
        if not self._row:
            self._begin_sheet()
        self._book.close()

    def close_files(self) -> None:
        """Close the temporary files, which an error leaves open."""
        for sheet in self._book.worksheets():
            sheet._opt_close()  # noqa: SLF001  # nothing public closes them without writing

    def _write_row(self, row: dict[str, Any]) -> None:
        if self._row in {0, _MAX_ROWS}:
            self._begin_sheet()
        for place, (name, value) in enumerate(row.items()):
            if value is None:
                continue
            if name in AMOUNTS:
                self._write_amount(place, name, value, row["currency"])
            elif name == "voided":
                self._sheet.write_boolean(self._row, place, value)
            elif name in DAYS or name in MOMENTS:
                self._write_time(place, value)
            else:
                self._write_text(place, name, value)
        self._row += 1

    def _begin_sheet(self) -> None:
        earlier = len(self._book.worksheets())
        self._sheet = self._book.add_worksheet(f"Payments {earlier + 1}" if earlier else "Payments")
        # In this mode, widths come before the rows.
        self._sheet.set_column(0, len(_HEADERS) - 1, _WIDTH_CHARS)
        self._sheet.freeze_panes(1, 0)
        for place, name in enumerate(_HEADERS):
            self._sheet.write_string(0, place, name, self._format(bold=True))
        self._row = 1

    def _write_amount(self, place: int, name: str, amount: Decimal, currency: str | None) -> None:
        number = float(amount)
        if math.isfinite(number):
            style = self._format(num_format=_amount_format(amount, currency))
            self._sheet.write_number(self._row, place, number, style)
        if not _fits_double(amount, number):
            exact = len(COLUMNS) + _EXACT.index(name)
            self._write_text(exact, f"{name}_exact", str(amount))

    def _write_time(self, place: int, value: date | datetime) -> None:
        is_moment = isinstance(value, datetime)
        plain = value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
        if value.year < _FIRST_YEAR:
            self._sheet.write_string(self._row, place, value.isoformat())
            return
        style = self._format(num_format=_MOMENT if is_moment else _DAY)
        self._sheet.write_datetime(self._row, place, plain, style)

    def _write_text(self, place: int, name: str, text: str) -> None:
        if len(text.encode("utf-16-le", "surrogatepass")) > 2 * _MAX_CHARS:
            raise ConfigurationError(
                f"A cell of a workbook holds {_MAX_CHARS:,} characters, and {name} of a payment "
                f"has more: {text[:20]!r}... Write CSV or JSON lines instead."
            )
        # XlsxWriter takes such a text for its own XML. A space at the end keeps it a text.
        is_markup = text.startswith("<r>") and text.endswith("</r>")
        plain = _NOT_IN_XML.sub("\ufffd", text) + (" " if is_markup else "")
        self._sheet.write_string(self._row, place, plain)

    def _format(self, **properties: object) -> Any:  # noqa: ANN401  # XlsxWriter ships no types
        key = str(properties)
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]


def _fits_double(amount: Decimal, number: float) -> bool:
    """Whether a spreadsheet keeps every digit of an amount."""
    digits = "".join(map(str, amount.as_tuple().digits)).rstrip("0")
    return len(digits) <= _MAX_DIGITS and math.isfinite(number) and Decimal(repr(number)) == amount


def _amount_format(amount: Decimal, currency: str | None) -> str:
    own = 0 if currency is None else minor_digits(currency)
    exponent = amount.as_tuple().exponent
    decimals = max(own, -exponent if isinstance(exponent, int) else 0)
    return "#,##0" + ("." + "0" * min(decimals, _MAX_DECIMALS) if decimals > 0 else "")
