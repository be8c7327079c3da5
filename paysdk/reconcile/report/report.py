"""The report: a page that somebody in finance can read, in one file that needs nothing else."""

from __future__ import annotations

import heapq
import secrets
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from paysdk.reconcile.outcome import EXACT, Outcome, Status
from paysdk.reconcile.report.fitting import fit_tables
from paysdk.reconcile.report.sections import (
    Names,
    charts_section,
    differences_section,
    make_tiles,
    rules_table,
    totals_section,
)
from paysdk.reconcile.totals import Totals

if TYPE_CHECKING:
    import os

__all__ = ["Report"]


@attrs.define(kw_only=True)
class Report:
    """A report on a reconciliation, to be filled with its outcomes and then written.

    ``left`` and ``right`` are what the sides are called. ``facts`` are sentences for the head of
    the page, such as what was compared with which settings, and ``everything`` is a command that
    gives all outcomes, for the page shows the ``most`` differences with the largest amounts. Memory
    grows no further than that, however many outcomes there are.
    """

    left: str
    right: str
    facts: tuple[str, ...] = ()
    everything: str | None = None
    most: int = 2000
    totals: Totals = attrs.field(factory=Totals, init=False)
    _largest: list[tuple[Decimal, int, Outcome]] = attrs.field(
        factory=list[tuple[Decimal, int, Outcome]], init=False
    )

    def add(self, outcome: Outcome) -> None:
        """Count an outcome in, and keep it if it is among the largest differences."""
        self.totals.add(outcome)
        if outcome.status.is_difference and self.most:
            # Of equal ones those that came first; the number also keeps outcomes from being
            # compared.
            entry = (_stake(outcome), -self.totals.differences, outcome)
            if len(self._largest) < self.most:
                heapq.heappush(self._largest, entry)
            else:
                heapq.heappushpop(self._largest, entry)

    def largest(self) -> list[Outcome]:
        """The differences with the largest amounts, the largest first."""
        return [
            outcome
            for _, _, outcome in sorted(self._largest, key=lambda entry: (-entry[0], -entry[1]))
        ]

    def html(self, made_at: datetime | None = None) -> str:
        """The page. *made_at* is the moment that it names, by default now.

        Raises ``ModuleNotFoundError`` if the extra ``report`` is not installed.
        """
        from paysdk.reconcile.report.page import render_page  # noqa: PLC0415  # the extra may be missing

        names = Names.of(self.left, self.right)
        totals = totals_section(self.totals, names)
        charts = charts_section(self.totals, names)
        differences = differences_section(self.largest(), self.totals.differences, names)
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
                "moment": (made_at or datetime.now(UTC)).astimezone(UTC),
                "findings": self.totals.outcomes.total(),
                "tiles": make_tiles(self.totals, names),
                "totals": totals,
                "charts": charts,
                "differences": differences,
                "everything": self.everything,
                "rules": rules_table(self.totals),
                "page_width": fit.page_width,
                "cards": fit.cards,
            }
        )

    def write(self, path: str | os.PathLike[str], made_at: datetime | None = None) -> None:
        """Write the page to a file, whole or not at all: what was there before stays until then.

        Raises ``OSError`` where it cannot.
        """
        target = Path(path)
        page = self.html(made_at)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with draft.open("x", encoding="utf-8", newline="\n") as file:
                file.write(page)
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _stake(outcome: Outcome) -> Decimal:
    """By how much money a difference counts."""
    if outcome.status is Status.AMOUNT_DIFFERS:
        return abs(outcome.difference or Decimal(0))
    total = Decimal(0)
    for payment in (*outcome.left, *outcome.right):
        total = EXACT.add(total, EXACT.abs(payment.amount))
    return total
