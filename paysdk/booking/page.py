"""The HTML page of a plan: what would be booked where and why, and what is for review.

It needs the extra ``report``. The page is one file without scripts.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from paysdk.distribution import describe_missing

if find_spec("jinja2") is None:
    raise ModuleNotFoundError(
        describe_missing("The page of a plan", "jinja2", "report"), name="jinja2"
    )

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from paysdk.amounts import ENGLISH
from paysdk.booking.words import describe_left_out, describe_reason, list_disagreements
from paysdk.files import replace_when_complete
from paysdk.reconcile.report.fitting import widest
from paysdk.reconcile.report.text import format_money, replace_control_characters

if TYPE_CHECKING:
    import os

    from paysdk.booking.plan import BookingPlan

__all__ = ["render_plan", "write_page"]

# The pixels of an em in a table.
_EM_PX = 15
# In em: the smallest width of a column with amounts, a currency with its space, and the columns
# without amounts with the space around all of them.
_MIN_AMOUNT_EM, _CURRENCY_EM, _OTHER_COLUMNS_EM = 5, 3, 38


def render_plan(plan: BookingPlan) -> str:
    """Return the page of a plan."""
    reasons = Counter(line.reason for line in plan.review)
    return (
        _environment()
        .get_template("plan.html")
        .render(
            plan=plan,
            disagreements=list(list_disagreements(plan)),
            reasons=sorted(reasons.items(), key=lambda each: (-each[1], each[0])),
            table_width=_table_width(plan),
        )
    )


def _table_width(plan: BookingPlan) -> int:
    """The pixels that the wider table needs to show each amount on one line."""
    lines = [(line.amount, line.seen_due, line.due_after) for line in plan.lines]
    dues = widest(format_money(each) for amounts in lines for each in amounts if each is not None)
    numbers = widest([line.invoice_number for line in plan.lines])
    listed = numbers + 3 * max(dues, _MIN_AMOUNT_EM) + _CURRENCY_EM + _OTHER_COLUMNS_EM
    amounts = widest(format_money(line.amount) for line in plan.review)
    reviewed = widest([line.number or "" for line in plan.review]) + amounts
    return math.ceil(_EM_PX * max(listed, reviewed + _CURRENCY_EM + _OTHER_COLUMNS_EM))


def write_page(plan: BookingPlan, path: str | os.PathLike[str]) -> None:
    """Write the page of a plan to a file, which it replaces only when it is complete.

    Raises ``OSError`` if the file cannot be written.
    """
    with replace_when_complete(path) as draft:
        draft.write_text(render_plan(plan), encoding="utf-8", newline="\n")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("paysdk.booking", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # Jinja2 declares only the types of its own filters.
    filters = cast("dict[str, object]", environment.filters)
    filters |= {
        "money": format_money,
        "words": describe_reason,
        "left_out": describe_left_out,
        "sentence": ENGLISH.format_sentence,
    }
    return environment


def _clean(value: object) -> object:
    """Replace control characters in all that the template shows. Escaping does not do that."""
    return value if isinstance(value, Markup) else replace_control_characters(str(value))
