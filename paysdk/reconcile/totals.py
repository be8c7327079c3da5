"""The counts and sums of a reconciliation."""

from __future__ import annotations

from collections import Counter
from decimal import Context, Decimal, Inexact
from typing import TYPE_CHECKING, TypeAlias

import attrs

from paysdk.currencies import normalise_currency
from paysdk.errors import ConfigurationError
from paysdk.exact import EXACT
from paysdk.reconcile.outcome import Outcome, Rule, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paysdk.payment import Payment

__all__ = ["Month", "Sides", "Total", "Totals", "order_totals"]

_EXACT_OR_ERROR = Context(prec=EXACT.prec, traps=[Inexact])

# The year and the month; None for payments without a date.
Month: TypeAlias = tuple[int, int] | None
_Cell: TypeAlias = "tuple[str | None, Month, Status]"


@attrs.define
class Total:
    """The number of payments, and the exact sum of their amounts in major units."""

    count: int = 0
    amount: Decimal = Decimal(0)

    def add(self, count: int, amount: Decimal) -> None:
        """Add payments.

        Raises ``ConfigurationError`` if the sum would need more than a thousand digits.
        """
        self.count += count
        try:
            self.amount = _EXACT_OR_ERROR.add(self.amount, amount)
        except Inexact:
            raise ConfigurationError(
                f"{self.amount} and {amount} cannot be added up exactly: the sum would need more "
                "than a thousand digits."
            ) from None


@attrs.frozen
class Sides:
    """The totals of both sides."""

    left: Total = attrs.field(factory=Total)
    right: Total = attrs.field(factory=Total)

    @property
    def difference(self) -> Decimal:
        """The left amount minus the right one."""
        return EXACT.subtract(self.left.amount, self.right.amount)

    def include(self, other: Sides) -> None:
        """Add the totals of *other*."""
        self.left.add(other.left.count, other.left.amount)
        self.right.add(other.right.count, other.right.amount)


@attrs.frozen
class Totals:
    """The totals of the outcomes that were added.

    ``outcomes`` and ``rules`` count them by status and by rule. If a payment has no currency, it
    counts in the currency of the payments that it was matched with, else under ``None``.
    """

    outcomes: Counter[Status] = attrs.field(factory=Counter[Status])
    rules: Counter[Rule] = attrs.field(factory=Counter[Rule])
    _cells: dict[_Cell, Sides] = attrs.field(factory=dict["_Cell", Sides], init=False)

    def add(self, outcome: Outcome) -> None:
        """Add an outcome.

        Raises ``ConfigurationError`` if a sum would need more than a thousand digits.
        """
        self.outcomes[outcome.status] += 1
        self.rules[outcome.rule] += 1
        assumed = _find_currency(outcome) if outcome.currency_assumed else None
        # If the outcome is on one side only, payments on the other side are voided or vanished.
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
        """How many outcomes a person should check: all but matched, voided and vanished ones."""
        return sum(count for status, count in self.outcomes.items() if status.is_difference)

    def by_currency(self) -> dict[str | None, dict[Status, Sides]]:
        """The totals by currency and status. Payments without a currency come last."""
        found: dict[str | None, dict[Status, Sides]] = {}
        for (currency, _, status), sides in sorted(self._cells.items(), key=_sort_key):
            found.setdefault(currency, {}).setdefault(status, Sides()).include(sides)
        return found

    def by_month(self) -> dict[str | None, dict[Month, Sides]]:
        """The totals by currency, and by month of each payment's own date.

        Voided and vanished payments are left out. Payments without a date come last.
        """
        found: dict[str | None, dict[Month, Sides]] = {}
        for (currency, month, status), sides in sorted(self._cells.items(), key=_sort_key):
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


def order_totals(found: Mapping[Status, Sides]) -> list[tuple[Status | None, Sides]]:
    """The rows of a table: each status, and then ``None`` with the total of these.

    Voided and vanished payments do not count in the total, so they come after it.
    """
    gone = Status.VOIDED_OR_VANISHED
    counted = [(each, found[each]) for each in Status if each in found and each is not gone]
    total = Sides()
    for _, sides in counted:
        total.include(sides)
    return [*counted, (None, total), *([(gone, found[gone])] if gone in found else [])]


def _sort_key(cell: tuple[_Cell, Sides]) -> tuple[bool, str, bool, tuple[int, int]]:
    (currency, month, _), _ = cell
    return currency is None, currency or "", month is None, month or (0, 0)


def _find_currency(outcome: Outcome) -> str | None:
    """The only currency that the payments of the outcome have."""
    named = (normalise_currency(payment.currency) for payment in (*outcome.left, *outcome.right))
    return next(currency for currency in named if currency is not None)
