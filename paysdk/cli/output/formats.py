"""Payments for programs: JSON lines and CSV, both with exact amounts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.converter import make_converter
from paysdk.tables.columns import AMOUNTS, COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TextIO

    from paysdk.payment import Payment

__all__ = ["CsvStyle", "begin_csv", "csv_writer", "jsonl_writer"]

# RFC 4180, section 2.6, asks for quotes around commas, quotes and line breaks. Many readers also
# split lines at other control characters, or strip spaces.
_NEEDS_QUOTES = re.compile(r"""[,;"\x00-\x1f\x7f-\x9f\u2028\u2029]|^\s|\s\Z""")

# https://owasp.org/www-community/attacks/CSV_Injection: a spreadsheet runs a cell that begins with
# one of these signs as a formula. It skips spaces, quotes and invisible characters before them. A
# cell also begins after a semicolon or a line end if the spreadsheet splits the file there. Excel
# does so in countries where the decimal sign is a comma.
_BREAKS = r";\t\r\n\v\f\x85\u2028\u2029"
# The invisible characters are those that Unicode calls Default_Ignorable_Code_Point, and spaces.
_SKIPPED = (
    r"""[ "'`\x00-\x08\x0e-\x1f\x7f-\x84\x86-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5"""
    r"""\u180b-\u180f\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"""
    r"""\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"""
)
# The pattern includes the full-width and small signs, which a spreadsheet may read as the usual
# ones.
_FORMULA_SIGNS = r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
_FORMULA = re.compile(
    rf"^(?=[\t\r\n]|{_SKIPPED}*{_FORMULA_SIGNS})|(?<=[{_BREAKS}])(?={_SKIPPED}*{_FORMULA_SIGNS})"
)


@attrs.frozen(kw_only=True)
class CsvStyle:
    """With ``raw_text``, texts stay as they are, even if a spreadsheet would run them as formulas.

    With ``bom``, the file begins with a UTF-8 signature.
    """

    raw_text: bool = False
    bom: bool = False


def jsonl_writer(out: TextIO) -> Callable[[Sequence[Payment]], object]:
    """Return a function that writes payments as lines of JSON, as ``make_converter`` does."""
    converter = make_converter()

    def write(payments: Sequence[Payment]) -> None:
        out.writelines(f"{converter.dumps(payment).decode()}\n" for payment in payments)

    return write


def csv_writer(
    out: TextIO,
    style: CsvStyle = CsvStyle(),
) -> Callable[[Sequence[Payment]], object]:
    """Write the header, and return a function that writes each payment as a row of CSV."""
    converter = make_converter()
    write_row = begin_csv(out, COLUMNS, AMOUNTS, style)

    def write(payments: Sequence[Payment]) -> None:
        for payment in payments:
            fields = _flatten(converter.unstructure(payment))
            write_row([fields.get(column) for column in COLUMNS])

    return write


def begin_csv(
    out: TextIO, columns: Sequence[str], numbers: frozenset[str], style: CsvStyle
) -> Callable[[Iterable[object]], object]:
    """Write the header, and return a function that writes a row. *numbers* names number columns.

    The header is written at once, even if no row follows. A text that a spreadsheet would run as a
    formula gets an apostrophe, unless the style says otherwise.
    """
    if style.bom:
        out.write("\ufeff")
    as_is = [style.raw_text or column in numbers for column in columns]

    def write_row(values: Iterable[object]) -> None:
        texts = ("" if value is None else str(value) for value in values)
        cells = (
            text if raw else _FORMULA.sub("'", text) for text, raw in zip(texts, as_is, strict=True)
        )
        out.write(",".join(map(_quote, cells)) + "\n")

    write_row(columns)
    return write_row


def _quote(text: str) -> str:
    # Before Python 3.13, its csv module does not quote a lone carriage return.
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


def _flatten(record: dict[str, Any]) -> dict[str, Any]:
    flat = dict(record)
    for outer in ("invoice", "customer"):
        parts: dict[str, Any] = record[outer] or {}
        flat |= {f"{outer}_{name}": value for name, value in parts.items()}
    return flat
