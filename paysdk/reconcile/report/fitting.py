"""How wide a window the report's tables need, so that no amount is cut in a narrower one."""

from __future__ import annotations

import math
import re
from importlib.resources import files
from string import Template

__all__ = ["fit"]

_AMOUNT = re.compile(r'class="money[^"]*"[^>]*>([+\u2212]?\d[^<]*)<')
_KEY = re.compile(r'<th role="rowheader" scope="row"><bdi>([^<]*)</bdi>')

# In em of a wide bold font such as DejaVu Sans or Verdana.
_DIGIT, _POINT, _LETTER = 0.7, 0.38, 0.85

# In em: the columns beside the three of amounts, the space around each column, and the least width
# of a column of amounts, whose header is a provider's name.
_TOTALS, _TOTALS_SPACE = 10.0 + 2 * 5.5, 6 * 2.2
_DIFFERENCES, _DIFFERENCES_SPACE = 5.7 + 5.7 + 11.0, 7 * 1.7
_LEAST = 8.0

# In rem: what is around the tables, the width below which even short texts are crowded, and how
# wide the page gets if it can, and if it must.
_AROUND, _CROWDED, _PAGE, _WIDEST_PAGE = 6, 66, 86, 116
_EM = 0.95  # rem in a table's em
# In em of a printed table, in which the spaces are half: a landscape page of A4 or Letter, less its
# margins. A media query would not do, because Chrome takes the width of the upright page for it.
_PAPER = 80


def fit(totals: str, differences: str) -> dict[str, str]:
    """The page's width, and the rules by which tables whose columns do not fit become cards."""
    summed = _TOTALS + 3 * max(_widest(_AMOUNT, totals), _LEAST)
    differing = _DIFFERENCES + 3 * max(_widest(_AMOUNT, differences), _LEAST)
    differing += _widest(_KEY, differences)
    widths = [_rem(summed + _TOTALS_SPACE), _rem(differing + _DIFFERENCES_SPACE)]
    style = Template(
        files("paysdk.reconcile.report").joinpath("cards.css").read_text(encoding="utf-8")
    )
    cards = [
        style.substitute(
            table=".stacked:not(#differences)",
            media=_media(widths[0], summed + _TOTALS_SPACE / 2),
            side="flex-end",
            beside="auto",
        ),
        style.substitute(
            table="#differences.stacked",
            media=_media(widths[1], differing + _DIFFERENCES_SPACE / 2),
            side="flex-start",
            beside="0",
        ),
    ]
    shown = [width for width in widths if width <= _WIDEST_PAGE]
    return {"page_width": str(max([_PAGE, *shown])), "cards": "".join(cards)}


def _media(width: int, printed: float) -> str:
    """When a table has no room: on screens narrower than *width*, and if *printed* em is too wide."""
    limit = "" if width > _WIDEST_PAGE else f" and (max-width: {max(width, _CROWDED)}rem)"
    return f"screen{limit}{', print' if printed > _PAPER else ''}"


def _rem(em: float) -> int:
    return math.ceil(em * _EM + _AROUND)


def _widest(pattern: re.Pattern[str], html: str) -> float:
    return max(map(_em, pattern.findall(html)), default=0.0)


def _em(text: str) -> float:
    return sum(_DIGIT if sign.isdigit() else _POINT if sign in ",. " else _LETTER for sign in text)
