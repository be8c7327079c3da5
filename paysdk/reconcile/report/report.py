"""The report: a page that somebody in finance can read, in one file that needs nothing else."""

from __future__ import annotations

import heapq
import secrets
from base64 import b64encode
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import attrs

from paysdk.reconcile.outcome import EXACT, Outcome, Status
from paysdk.reconcile.report.fitting import fit
from paysdk.reconcile.report.sections import (
    Names,
    charts,
    differences,
    heading,
    rules,
    tiles,
    totals_tables,
    verdict,
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
        """The page. *made_at* is the moment that it names, by default now."""
        here = files("paysdk.reconcile.report")
        script = here.joinpath("report.js").read_text(encoding="utf-8")
        names = Names.of(self.left, self.right)
        moment = (made_at or datetime.now(UTC)).astimezone(UTC)
        parts = {
            **totals_tables(self.totals, names),
            **charts(self.totals, names),
            "differences": differences(
                self.largest(), self.totals.differences, names, self.everything
            ),
        }
        return Template(here.joinpath("report.html").read_text(encoding="utf-8")).substitute(
            heading(names, self.facts, moment),
            verdict=verdict(self.totals, names),
            tiles=tiles(self.totals, names),
            **parts,
            **fit(parts["totals"] + parts["charts"], parts["differences"]),
            rules=rules(self.totals),
            script=script,
            script_hash=f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
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
