"""The sections of the report's page as data. The templates have the words."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.currencies import normalise_currency
from paysdk.reconcile.outcome import EXACT, RULES, Outcome, Status, in_words
from paysdk.reconcile.report.chart import MAX_MONTHS, Chart, make_chart
from paysdk.reconcile.report.table import Cell, Row, Table, difference_cell
from paysdk.reconcile.report.text import day, money
from paysdk.reconcile.totals import Sides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paysdk.payment import Payment
    from paysdk.reconcile.totals import Total, Totals

__all__ = [
    "ChartsSection",
    "DifferencesSection",
    "Names",
    "Tile",
    "TotalsSection",
    "charts_section",
    "differences_section",
    "make_tiles",
    "rules_table",
    "totals_section",
]

_MAX_CURRENCIES = 12
_MAX_PAYMENTS = 12
_LONG_CHARS = 24  # a longer invoice number may be broken into lines
_NOTHING = Cell("\u2013", "money soft")


@attrs.frozen
class Names:
    """What the sides and the statuses are called."""

    left: str
    right: str
    statuses: dict[Status, str]

    @classmethod
    def of(cls, left: str, right: str) -> Names:
        """The names for two sides."""
        return cls(left, right, in_words(left, right))

    @property
    def sides(self) -> tuple[str, str]:
        """The names of both sides."""
        return self.left, self.right


@attrs.frozen(kw_only=True)
class Tile:
    """How many outcomes have a status."""

    kind: str
    name: str
    count: str
    is_difference: bool


def make_tiles(totals: Totals, names: Names) -> list[Tile]:
    """A tile for each status."""
    return [
        Tile(
            kind=_kind(status),
            name=name,
            count=f"{totals.outcomes[status]:,}",
            is_difference=status.is_difference,
        )
        for status, name in names.statuses.items()
    ]


def _kind(status: Status) -> str:
    return status.value.replace(" ", "-")


@attrs.frozen(kw_only=True)
class TotalsSection:
    """A table for each currency; ``left_out`` counts the currencies that are not shown."""

    tables: list[Table]
    left_out: int
    some_without_currency: bool


def totals_section(totals: Totals, names: Names) -> TotalsSection:
    """What each side has, by currency and status."""
    currencies = totals.by_currency()
    return TotalsSection(
        tables=[
            _totals_table(currency, found, names)
            for currency, found in list(currencies.items())[:_MAX_CURRENCIES]
        ],
        left_out=max(0, len(currencies) - _MAX_CURRENCIES),
        some_without_currency=None in currencies and len(currencies) > 1,
    )


def _totals_table(currency: str | None, found: dict[Status, Sides], names: Names) -> Table:
    headers = [Cell("Finding")]
    for name in names.sides:
        headers += [Cell(f"{name}: payments", "number"), Cell(f"{name}: amount", "money")]
    headers.append(Cell("Difference", "money"))
    caption = "No currency named" if currency is None else currency
    return Table(headers, list(_totals_rows(found, names)), caption)


def _totals_rows(found: dict[Status, Sides], names: Names) -> Iterator[Row]:
    total = Sides()
    for status, name in names.statuses.items():
        if status in found and status is not Status.VOIDED_OR_VANISHED:
            total.include(found[status])
            yield Row([Cell(name), *_cells(found[status])])
    yield Row([Cell("Total"), *_cells(total)], "sum")
    if (gone := found.get(Status.VOIDED_OR_VANISHED)) is not None:
        name = names.statuses[Status.VOIDED_OR_VANISHED]
        yield Row([Cell(name, "soft"), *_cells(gone)[:-1], Cell("", "nothing")], "soft")


def _cells(sides: Sides) -> list[Cell]:
    return [*_total(sides.left), *_total(sides.right), difference_cell(sides)]


def _total(total: Total) -> tuple[Cell, Cell]:
    if not total.count:
        return _NOTHING, _NOTHING
    return Cell(f"{total.count:,}", "number"), Cell(money(total.amount), "money")


@attrs.frozen(kw_only=True)
class ChartsSection:
    """A chart for each currency; ``left_out`` counts the currencies that are not shown.

    ``max_months`` is how many months a chart shows if there are more, else ``None``.
    """

    charts: list[Chart]
    left_out: int
    max_months: int | None


def charts_section(totals: Totals, names: Names) -> ChartsSection:
    """The totals by month."""
    currencies = totals.by_month()
    is_shortened = any(len(months) > MAX_MONTHS for months in currencies.values())
    return ChartsSection(
        charts=[
            make_chart(currency, months, names.sides)
            for currency, months in list(currencies.items())[:_MAX_CURRENCIES]
        ],
        left_out=max(0, len(currencies) - _MAX_CURRENCIES),
        max_months=MAX_MONTHS if is_shortened else None,
    )


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


def differences_section(shown: Sequence[Outcome], number: int, names: Names) -> DifferencesSection:
    """The table of the differences that are shown, out of *number*."""
    headers = [Cell(name) for name in ("Invoice", "Finding", *names.sides)]
    headers += [Cell("Difference", "money"), Cell("Customer"), Cell("Why")]
    ranks = zip(*(_rank(shown, value) for value in _sort_values(names)), strict=True)
    rows = [_difference(*each, names) for each in zip(shown, ranks, strict=True)]
    return DifferencesSection(headers=headers, rows=rows, number=number)


def _difference(outcome: Outcome, ranks: tuple[int, ...], names: Names) -> Difference:
    return Difference(
        kind=_kind(outcome.status),
        key=outcome.key,
        has_long_key=outcome.key is not None and len(outcome.key) > _LONG_CHARS,
        finding=names.statuses[outcome.status],
        sides=(_shown_side(names.left, outcome.left), _shown_side(names.right, outcome.right)),
        difference=_net_text(outcome),
        customer=_customer(outcome),
        why=RULES[outcome.rule],
        currency_assumed=outcome.currency_assumed,
        ranks=" ".join(map(str, ranks)),
    )


def _shown_side(name: str, payments: Sequence[Payment]) -> ShownSide:
    shown = [
        ShownPayment(
            id=payment.id,
            amount=money(payment.amount, payment.currency),
            day=day(payment.payment_date),
            voided="" if payment.voided_date is None else day(payment.voided_date),
        )
        for payment in payments[:_MAX_PAYMENTS]
    ]
    return ShownSide(name, shown, len(payments) - len(shown))


def _net_text(outcome: Outcome) -> str:
    payments = (*outcome.left, *outcome.right)
    currencies = {normalise_currency(payment.currency) for payment in payments} - {None}
    if len(currencies) > 1:
        return ""  # amounts in several currencies have no sum
    return money(_net(outcome), next(iter(currencies), None), signed=True)


def _customer(outcome: Outcome) -> str:
    for payment in (*outcome.left, *outcome.right):
        if payment.customer is not None and (payment.customer.name or payment.customer.number):
            return payment.customer.name or payment.customer.number or ""
    return ""


def _sort_values(names: Names) -> list[Callable[[Outcome], Any]]:
    """What each column of the differences is sorted by."""
    statuses = list(names.statuses)
    return [
        lambda outcome: outcome.key or "",
        lambda outcome: statuses.index(outcome.status),
        lambda outcome: _sum(outcome.left),
        lambda outcome: _sum(outcome.right),
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
    left = Decimal(0) if outcome.status is Status.RIGHT_ONLY else _sum(outcome.left)
    right = Decimal(0) if outcome.status is Status.LEFT_ONLY else _sum(outcome.right)
    return EXACT.subtract(left, right)


def _sum(payments: Sequence[Payment]) -> Decimal:
    total = Decimal(0)
    for payment in payments:
        total = EXACT.add(total, payment.amount)
    return total


def rules_table(totals: Totals) -> Table:
    """The rules that decided an outcome, and how many they decided."""
    rows = [
        Row(
            [
                Cell(rule.value.replace("_", " ")),
                Cell(sentence),
                Cell(f"{totals.rules[rule]:,}", "number"),
            ]
        )
        for rule, sentence in RULES.items()
        if totals.rules[rule]
    ]
    return Table([Cell("Rule"), Cell("What it says"), Cell("Findings", "number")], rows)
