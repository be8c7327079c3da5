"""The table of differences as data. ``differences_table.html`` has the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from paysdk.currencies import normalise_currency
from paysdk.exact import EXACT
from paysdk.reconcile.outcome import RULES, Outcome, Status, add_up
from paysdk.reconcile.report.names import Names, status_class
from paysdk.reconcile.report.table import Cell
from paysdk.reconcile.report.text import format_day, format_money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from decimal import Decimal

    from paysdk.payment import Payment

__all__ = ["Difference", "DifferencesSection", "make_differences_section"]

_MAX_PAYMENTS = 12
_LONG_CHARS = 24  # a longer invoice number may be broken into lines


@attrs.frozen(kw_only=True)
class ShownPayment:
    """A payment in the table of differences."""

    id: str
    amount: str
    day: str
    voided: str


@attrs.frozen
class ShownSide:
    """The payments of one side of a difference; ``left_out`` counts those that are not shown."""

    name: str
    payments: list[ShownPayment]
    left_out: int


@attrs.frozen(kw_only=True)
class Difference:
    """A row of the table of differences.

    The page sorts by ``ranks``, one for each column, so that no amount becomes a float.
    """

    kind: str
    key: str | None
    has_long_key: bool
    finding: str
    sides: tuple[ShownSide, ShownSide]
    difference: str
    customer: str
    why: str
    currency_assumed: bool
    ranks: str

    def amounts(self) -> Iterator[str]:
        """The text of each amount in the row."""
        yield self.difference
        for side in self.sides:
            for payment in side.payments:
                yield payment.amount


@attrs.frozen(kw_only=True)
class DifferencesSection:
    """The differences that are shown, out of ``number``."""

    headers: list[Cell]
    rows: list[Difference]
    number: int


def make_differences_section(
    shown: Sequence[Outcome], number: int, names: Names
) -> DifferencesSection:
    """The table of the differences that are shown, out of *number*."""
    headers = [Cell(name) for name in ("Invoice", "Finding", *names.sides)]
    headers += [Cell("Difference", "money"), Cell("Customer"), Cell("Why")]
    ranks = zip(*(_rank(shown, value) for value in _sort_values(names)), strict=True)
    rows = [_difference(*each, names) for each in zip(shown, ranks, strict=True)]
    return DifferencesSection(headers=headers, rows=rows, number=number)


def _difference(outcome: Outcome, ranks: tuple[int, ...], names: Names) -> Difference:
    return Difference(
        kind=status_class(outcome.status),
        key=outcome.key,
        has_long_key=outcome.key is not None and len(outcome.key) > _LONG_CHARS,
        finding=names.statuses[outcome.status],
        sides=(_make_side(names.left, outcome.left), _make_side(names.right, outcome.right)),
        difference=_format_net(outcome),
        customer=_customer(outcome),
        why=RULES[outcome.rule],
        currency_assumed=outcome.currency_assumed,
        ranks=" ".join(map(str, ranks)),
    )


def _make_side(name: str, payments: Sequence[Payment]) -> ShownSide:
    shown = [
        ShownPayment(
            id=payment.id,
            amount=format_money(payment.amount, payment.currency),
            day=format_day(payment.payment_date),
            voided=_format_void(payment),
        )
        for payment in payments[:_MAX_PAYMENTS]
    ]
    return ShownSide(name, shown, len(payments) - len(shown))


def _format_void(payment: Payment) -> str:
    if payment.voided_date is not None:
        return f"voided {format_day(payment.voided_date)}"
    return "voided" if payment.voided else ""


def _format_net(outcome: Outcome) -> str:
    payments = (*outcome.left, *outcome.right)
    currencies = {normalise_currency(payment.currency) for payment in payments} - {None}
    if len(currencies) > 1:
        return ""  # amounts in several currencies have no sum
    return format_money(_net(outcome), next(iter(currencies), None), signed=True)


def _customer(outcome: Outcome) -> str:
    for payment in (*outcome.left, *outcome.right):
        if payment.customer is not None and (payment.customer.name or payment.customer.number):
            return payment.customer.name or payment.customer.number or ""
    return ""


def _sort_values(names: Names) -> list[Callable[[Outcome], Any]]:
    """For each column of the differences, the function that returns its sort value."""
    statuses = list(names.statuses)
    return [
        lambda outcome: outcome.key or "",
        lambda outcome: statuses.index(outcome.status),
        lambda outcome: add_up(outcome.left),
        lambda outcome: add_up(outcome.right),
        _net,
        _customer,
        lambda outcome: RULES[outcome.rule],
    ]


def _rank(outcomes: Sequence[Outcome], value: Callable[[Outcome], Any]) -> list[int]:
    """The rank of each outcome by a value; equal values share a rank."""
    values = [value(outcome) for outcome in outcomes]
    ranks = {each: number for number, each in enumerate(sorted(set(values)))}
    return [ranks[each] for each in values]


def _net(outcome: Outcome) -> Decimal:
    """The left amounts less the right ones, without voided and vanished payments."""
    left = () if outcome.status is Status.RIGHT_ONLY else outcome.left
    right = () if outcome.status is Status.LEFT_ONLY else outcome.right
    return EXACT.subtract(add_up(left), add_up(right))
