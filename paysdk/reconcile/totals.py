"""What the outcomes of a reconciliation come to, in numbers."""

from __future__ import annotations

from collections import Counter
from decimal import Context, Decimal, Inexact
from typing import TYPE_CHECKING, TypeAlias

import attrs

from paysdk.currencies import normalise_currency
from paysdk.errors import ConfigurationError
from paysdk.reconcile.outcome import EXACT, Outcome, Rule, Status

if TYPE_CHECKING:
    from paysdk.payment import Payment

__all__ = ["Month", "Sides", "Total", "Totals"]

_ADDING = Context(prec=EXACT.prec, traps=[Inexact])

# The year and the month; None for payments without a date.
Month: TypeAlias = tuple[int, int] | None
_Cell: TypeAlias = "tuple[str | None, Month, Status]"


@attrs.define
class Total:
    """So many payments, and what they come to: *amount* in major currency units, exactly."""

    count: int = 0
    amount: Decimal = Decimal(0)

    def add(self, count: int, amount: Decimal) -> None:
        """Count more of them.

        Raises ``ConfigurationError`` where the sum would need more than a thousand digits.
        """
        self.count += count
        try:
            self.amount = _ADDING.add(self.amount, amount)
        except Inexact:
            raise ConfigurationError(
                f"Amounts as far apart as {self.amount} and {amount} cannot be added up exactly."
            ) from None


@attrs.frozen
class Sides:
    """What the payments of both sides come to."""

    left: Total = attrs.field(factory=Total)
    right: Total = attrs.field(factory=Total)

    @property
    def difference(self) -> Decimal:
        """The left amount less the right one."""
        return EXACT.subtract(self.left.amount, self.right.amount)

    def include(self, other: Sides) -> None:
        """Count what is in *other* too."""
        self.left.add(other.left.count, other.left.amount)
        self.right.add(other.right.count, other.right.amount)


@attrs.frozen
class Totals:
    """What the outcomes come to that were added.

    ``outcomes`` and ``rules`` count them by status and by rule. A payment that names no currency
    counts in the one that it was matched in; where it was not, its currency is ``None``.
    """

    outcomes: Counter[Status] = attrs.field(factory=Counter[Status])
    rules: Counter[Rule] = attrs.field(factory=Counter[Rule])
    _cells: dict[_Cell, Sides] = attrs.field(factory=dict["_Cell", Sides], init=False)

    def add(self, outcome: Outcome) -> None:
        """Count an outcome in.

        Raises ``ConfigurationError`` where a sum would need more than a thousand digits.
        """
        self.outcomes[outcome.status] += 1
        self.rules[outcome.rule] += 1
        assumed = _named(outcome) if outcome.currency_assumed else None
        # Beside what is on one side only, the other side has what is gone.
        status = outcome.status
        for payment in outcome.left:
            self._sides(
                payment,
                assumed,
                Status.VOIDED_OR_VANISHED if status is Status.RIGHT_ONLY else status,
            ).left.add(1, payment.amount)
        for payment in outcome.right:
            self._sides(
                payment,
                assumed,
                Status.VOIDED_OR_VANISHED if status is Status.LEFT_ONLY else status,
            ).right.add(1, payment.amount)

    @property
    def differences(self) -> int:
        """How many outcomes somebody should look at: all but what is matched, and what is gone and needs no counterpart."""
        return sum(count for status, count in self.outcomes.items() if status.is_difference)

    def by_currency(self) -> dict[str | None, dict[Status, Sides]]:
        """What the payments come to, by currency and status; those without a currency come last."""
        found: dict[str | None, dict[Status, Sides]] = {}
        for (currency, _, status), sides in sorted(self._cells.items(), key=_order):
            found.setdefault(currency, {}).setdefault(status, Sides()).include(sides)
        return found

    def by_month(self) -> dict[str | None, dict[Month, Sides]]:
        """What the payments that are not gone come to, by currency and month of their own dates; those without a date come last."""
        found: dict[str | None, dict[Month, Sides]] = {}
        for (currency, month, status), sides in sorted(self._cells.items(), key=_order):
            if status is not Status.VOIDED_OR_VANISHED:
                found.setdefault(currency, {}).setdefault(month, Sides()).include(sides)
        return found

    def _sides(self, payment: Payment, assumed: str | None, status: Status) -> Sides:
        day = payment.payment_date
        cell = (
            normalise_currency(payment.currency) or assumed,
            None if day is None else (day.year, day.month),
            status,
        )
        sides = self._cells.get(cell)
        if sides is None:
            sides = self._cells[cell] = Sides()
        return sides


def _order(cell: tuple[_Cell, Sides]) -> tuple[bool, str, bool, tuple[int, int]]:
    (currency, month, _), _ = cell
    return currency is None, currency or "", month is None, month or (0, 0)


def _named(outcome: Outcome) -> str | None:
    """The one currency that payments of the outcome name."""
    named = (normalise_currency(payment.currency) for payment in (*outcome.left, *outcome.right))
    return next(currency for currency in named if currency is not None)
