"""Collects the outcomes of a reconciliation, and writes the page."""

from __future__ import annotations

import heapq
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from paysdk.amounts import ENGLISH, NumberStyle, load_number_style
from paysdk.exact import EXACT, add_exactly
from paysdk.files import replace_when_complete
from paysdk.reconcile.outcome import Outcome, Status
from paysdk.reconcile.report.chart import make_charts_section
from paysdk.reconcile.report.differences_table import make_differences_section
from paysdk.reconcile.report.fitting import fit_tables
from paysdk.reconcile.report.names import Names
from paysdk.reconcile.report.rules_table import make_rules_table
from paysdk.reconcile.report.text import use_numbers
from paysdk.reconcile.report.tiles import make_tiles
from paysdk.reconcile.report.totals_table import make_totals_section
from paysdk.reconcile.totals import Totals

if TYPE_CHECKING:
    import os

__all__ = ["Report"]


@attrs.define(kw_only=True)
class Report:
    """A report on a reconciliation. Add the outcomes, then write it.

    ``left`` and ``right`` are the names of the sides. ``facts`` are sentences for the head of the
    page, such as the settings of the comparison. The page shows up to ``most`` differences, those
    with the largest amounts. ``everything`` is a command that gives all of them, for the page to
    name. Memory does not grow beyond ``most`` outcomes. ``locale``, such as ``de`` or ``en_IN``,
    says how numbers are written. By default they are written as in English.

    Raises ``ConfigurationError`` for an unknown locale.
    """

    left: str
    right: str
    facts: tuple[str, ...] = ()
    everything: str | None = None
    most: int = 2000
    locale: str | None = None
    totals: Totals = attrs.field(factory=Totals, init=False)
    _numbers: NumberStyle = attrs.field(init=False, repr=False)
    _largest: list[tuple[Decimal, int, Outcome]] = attrs.field(
        factory=list[tuple[Decimal, int, Outcome]], init=False
    )

    def __attrs_post_init__(self) -> None:
        self._numbers = ENGLISH if self.locale is None else load_number_style(self.locale)

    def add(self, outcome: Outcome) -> None:
        """Add an outcome to the totals, and keep it if it is among the largest differences."""
        self.totals.add(outcome)
        if outcome.status.is_difference and self.most:
            # The number decides between equal amounts, so the first outcomes are kept and heapq
            # never compares two outcomes.
            entry = (_size(outcome), -self.totals.differences, outcome)
            if len(self._largest) < self.most:
                heapq.heappush(self._largest, entry)
            else:
                heapq.heappushpop(self._largest, entry)

    def largest(self) -> list[Outcome]:
        """The differences with the largest amounts, the largest first."""
        return [
            outcome
            for _, _, outcome in sorted(self._largest, key=lambda entry: entry[:2], reverse=True)
        ]

    def html(self, made_at: datetime | None = None) -> str:
        """The page. It says that it was made at *made_at*, by default now.

        Raises ``ModuleNotFoundError`` if the extra ``report`` is not installed.
        """
        with use_numbers(self._numbers):
            return self._render(made_at or datetime.now(UTC))

    def _render(self, made_at: datetime) -> str:
        from paysdk.reconcile.report.page import render_page  # noqa: PLC0415  # it needs an extra

        names = Names.of(self.left, self.right)
        totals = make_totals_section(self.totals, names)
        charts = make_charts_section(self.totals, names)
        differences = make_differences_section(self.largest(), self.totals.differences, names)
        tables = [*totals.tables, *(chart.table for chart in charts.charts)]
        fit = fit_tables(
            (amount for table in tables for amount in table.amounts()),
            (amount for row in differences.rows for amount in row.amounts()),
            (row.key for row in differences.rows if row.key and not row.has_long_key),
        )
        return render_page(
            {
                "names": names,
                "facts": self.facts,
                "moment": made_at.astimezone(UTC),
                "findings": self.totals.outcomes.total(),
                "tiles": make_tiles(self.totals, names),
                "totals": totals,
                "charts": charts,
                "differences": differences,
                "everything": self.everything,
                "rules": make_rules_table(self.totals),
                "page_width": fit.page_width,
                "cards": fit.cards,
            }
        )

    def write(self, path: str | os.PathLike[str], made_at: datetime | None = None) -> None:
        """Write the page to a file, replacing it only when the page is complete.

        Raises ``OSError`` if the file cannot be written, and ``ModuleNotFoundError`` if the extra
        ``report`` is not installed.
        """
        page = self.html(made_at)
        with replace_when_complete(path) as draft:
            draft.write_text(page, encoding="utf-8", newline="\n")


def _size(outcome: Outcome) -> Decimal:
    """The amount by which differences are ordered."""
    if outcome.status is Status.AMOUNT_DIFFERS:
        return EXACT.abs(outcome.difference or Decimal(0))
    return add_exactly(EXACT.abs(each.amount) for each in (*outcome.left, *outcome.right))
