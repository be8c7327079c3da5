"""Computes the width that the report's tables need, so that no amount is cut off."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Cards", "Fit", "fit_tables", "widest"]

# In em of a wide bold font such as DejaVu Sans or Verdana.
_DIGIT_EM, _POINT_EM, _LETTER_EM = 0.7, 0.38, 0.85

# In em: the columns other than the three with amounts, the space around the columns, and the
# smallest width of a column with amounts. Its header is a provider's name.
_TOTALS_EM, _TOTALS_SPACE_EM = 10.0 + 2 * 5.5, 6 * 2.2
_DIFFERENCES_EM, _DIFFERENCES_SPACE_EM = 5.7 + 5.7 + 11.0, 7 * 1.7
_MIN_AMOUNT_EM = 8.0

# In rem: the space around the tables, the width below which even short texts are crowded, the
# usual width of the page, and its greatest width.
_MARGIN_REM, _MIN_TABLE_REM, _PAGE_REM, _MAX_PAGE_REM = 6, 66, 86, 116
_REM_PER_EM = 0.95  # rem in a table's em
# In em of a printed table: the width of an A4 or Letter page in landscape, without its margins. The
# space around the columns is half of that on a screen.
_PAPER_EM = 80
# The pixels of an em in a printed table: 8.5 points.
_PRINTED_EM_PX = 8.5 * 96 / 72


@attrs.frozen(kw_only=True)
class Cards:
    """The values in ``cards.css``, the rule that turns a table into a list of cards.

    ``media`` are the screens and the paper without room for the table. ``printed_width`` is the
    width in pixels that the table needs on paper. A page can be portrait or landscape, and only a
    container query knows which: Chrome compares a media query with the portrait page.
    """

    table: str
    media: str
    printed_width: int
    side: str
    beside: str


@attrs.frozen
class Fit:
    """The page's width in rem, and the rules that turn tables into lists of cards."""

    page_width: int
    cards: list[Cards]


def fit_tables(totals: Iterable[str], differences: Iterable[str], keys: Iterable[str]) -> Fit:
    """Fit the tables to their amounts; *keys* are those of the differences."""
    summed = _TOTALS_EM + 3 * max(widest(totals), _MIN_AMOUNT_EM)
    differing = _DIFFERENCES_EM + 3 * max(widest(differences), _MIN_AMOUNT_EM) + widest(keys)
    widths = [_rem(summed + _TOTALS_SPACE_EM), _rem(differing + _DIFFERENCES_SPACE_EM)]
    cards = [
        Cards(
            table=".stacked:not(#differences)",
            media=_media(widths[0], summed + _TOTALS_SPACE_EM / 2),
            printed_width=math.ceil((summed + _TOTALS_SPACE_EM / 2) * _PRINTED_EM_PX),
            side="flex-end",
            beside="auto",
        ),
        Cards(
            table="#differences.stacked",
            media=_media(widths[1], differing + _DIFFERENCES_SPACE_EM / 2),
            printed_width=math.ceil((differing + _DIFFERENCES_SPACE_EM / 2) * _PRINTED_EM_PX),
            side="flex-start",
            beside="0",
        ),
    ]
    fitting = [width for width in widths if width <= _MAX_PAGE_REM]
    return Fit(max([_PAGE_REM, *fitting]), cards)


def _media(width: int, printed: float) -> str:
    """The media without room for a table: narrow screens, and paper if *printed* em is too wide."""
    limit = "" if width > _MAX_PAGE_REM else f" and (max-width: {max(width, _MIN_TABLE_REM)}rem)"
    return f"screen{limit}{', print' if printed > _PAPER_EM else ''}"


def _rem(em: float) -> int:
    return math.ceil(em * _REM_PER_EM + _MARGIN_REM)


def widest(texts: Iterable[str]) -> float:
    """The width of the widest text, in em of a wide bold font."""
    return max(map(_em, texts), default=0.0)


def _em(text: str) -> float:
    return sum(
        _DIGIT_EM if sign.isdigit() else _POINT_EM if sign in ",. " else _LETTER_EM for sign in text
    )
