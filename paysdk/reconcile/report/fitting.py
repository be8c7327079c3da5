"""Computes the width that the report's tables need, so that no amount is cut off."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Cards", "Fit", "fit_tables"]

# In em of a wide bold font such as DejaVu Sans or Verdana.
_DIGIT, _POINT, _LETTER = 0.7, 0.38, 0.85

# In em: the columns other than the three with amounts, the space around the columns, and the
# smallest width of a column with amounts. Its header is a provider's name.
_TOTALS, _TOTALS_SPACE = 10.0 + 2 * 5.5, 6 * 2.2
_DIFFERENCES, _DIFFERENCES_SPACE = 5.7 + 5.7 + 11.0, 7 * 1.7
_LEAST = 8.0

# In rem: the space around the tables, the width below which even short texts are crowded, the
# usual width of the page, and its greatest width.
_AROUND, _CROWDED, _PAGE, _WIDEST_PAGE = 6, 66, 86, 116
_EM = 0.95  # rem in a table's em
# In em of a printed table: the width of an A4 or Letter page in landscape, without its margins. The
# space around the columns is half of that on a screen. A media query does not work here, because
# Chrome compares it with the width of the portrait page.
_PAPER = 80


@attrs.frozen(kw_only=True)
class Cards:
    """The values in ``cards.css``, the rule that turns a table into a list of cards."""

    table: str
    media: str
    side: str
    beside: str


@attrs.frozen
class Fit:
    """The page's width in rem, and the rules that turn tables into lists of cards."""

    page_width: int
    cards: list[Cards]


def fit_tables(totals: Iterable[str], differences: Iterable[str], keys: Iterable[str]) -> Fit:
    """Fit the tables to their amounts; *keys* are those of the differences."""
    summed = _TOTALS + 3 * max(_widest(totals), _LEAST)
    differing = _DIFFERENCES + 3 * max(_widest(differences), _LEAST) + _widest(keys)
    widths = [_rem(summed + _TOTALS_SPACE), _rem(differing + _DIFFERENCES_SPACE)]
    cards = [
        Cards(
            table=".stacked:not(#differences)",
            media=_media(widths[0], summed + _TOTALS_SPACE / 2),
            side="flex-end",
            beside="auto",
        ),
        Cards(
            table="#differences.stacked",
            media=_media(widths[1], differing + _DIFFERENCES_SPACE / 2),
            side="flex-start",
            beside="0",
        ),
    ]
    fitting = [width for width in widths if width <= _WIDEST_PAGE]
    return Fit(max([_PAGE, *fitting]), cards)


def _media(width: int, printed: float) -> str:
    """The media without room for a table: narrow screens, and paper if *printed* em is too wide."""
    limit = "" if width > _WIDEST_PAGE else f" and (max-width: {max(width, _CROWDED)}rem)"
    return f"screen{limit}{', print' if printed > _PAPER else ''}"


def _rem(em: float) -> int:
    return math.ceil(em * _EM + _AROUND)


def _widest(texts: Iterable[str]) -> float:
    return max(map(_em, texts), default=0.0)


def _em(text: str) -> float:
    return sum(_DIGIT if sign.isdigit() else _POINT if sign in ",. " else _LETTER for sign in text)
