"""The sections of the report's page, each from the figures or the outcomes that it shows."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.currencies import normalise_currency
from paysdk.reconcile.outcome import EXACT, RULES, Outcome, Status, in_words
from paysdk.reconcile.report.chart import MAX_MONTHS, chart
from paysdk.reconcile.report.markup import (
    Cell,
    count_noun,
    day,
    money,
    month_name,
    row,
    safe,
    table,
)
from paysdk.reconcile.totals import Sides

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from paysdk.payment import Payment
    from paysdk.reconcile.totals import Total, Totals

__all__ = [
    "Names",
    "charts",
    "differences",
    "heading",
    "rules",
    "tiles",
    "totals_tables",
    "verdict",
]

_MAX_CURRENCIES = 12
_MAX_PAYMENTS = 12
_LONG = 24  # signs of an invoice number that may be broken
_NOTHING = Cell("\u2013", "money soft")


@attrs.frozen
class Names:
    """What the sides are called, and what becomes of payments in words; all fit for HTML."""

    left: str
    right: str
    statuses: dict[Status, str]

    @classmethod
    def of(cls, left: str, right: str) -> Names:
        """The names for two sides."""
        first, second = safe(left), safe(right)
        return cls(first, second, in_words(first, second))


def heading(names: Names, facts: Sequence[str], moment: datetime) -> dict[str, str]:
    """What stands at the head and at the foot of the page."""
    made = f"Made on {moment.day} {month_name((moment.year, moment.month))} at {moment:%H:%M} UTC"
    return {
        "title": f"{names.left} and {names.right}: reconciliation of {moment:%Y-%m-%d}",
        "heading": f"{names.left} and {names.right}",
        "facts": ". ".join([*map(safe, facts), made]) + ".",
        "footer": (
            "Amounts are exact to the last digit that the providers sent. This page is one "
            "file, and loads nothing from anywhere."
        ),
    }


def verdict(totals: Totals, names: Names) -> str:
    """The result in a sentence."""
    found = totals.outcomes.total()
    if not found:
        return "There are no payments on either side."
    if not totals.differences:
        return (
            f"<b>Everything agrees.</b> Each payment of {names.left} and of {names.right} is "
            "accounted for."
        )
    look = count_noun(totals.differences, "difference", "differences")
    rest = count_noun(found - totals.differences, "finding is", "findings are")
    return f"<b>{look} to look at.</b> {rest} in order."


def tiles(totals: Totals, names: Names) -> str:
    """How many outcomes there are of each kind."""
    return "".join(
        f'<div class="card {_kind(status)}"><dt>{name}</dt><dd>{totals.outcomes[status]:,}</dd></div>\n'
        for status, name in names.statuses.items()
    )


def totals_tables(totals: Totals, names: Names) -> dict[str, str]:
    """A table for each currency, with what each side has by what became of it."""
    currencies = totals.by_currency()
    tables = "".join(
        _currency(currency, sides, names)
        for currency, sides in list(currencies.items())[:_MAX_CURRENCIES]
    )
    note = (
        f"The difference is {names.left} less {names.right}. Voided and vanished payments do "
        "not count in the totals."
    )
    if None in currencies and len(currencies) > 1:
        note += " Payments that name no currency count in the one that they were matched in."
    return {"totals": tables, "totals_note": note + _left_out(len(currencies))}


def _left_out(currencies: int) -> str:
    return (
        f" {_MAX_CURRENCIES} of {currencies} currencies are shown."
        if currencies > _MAX_CURRENCIES
        else ""
    )


def _currency(currency: str | None, found: dict[Status, Sides], names: Names) -> str:
    headers = [
        Cell("Finding"),
        *(
            cell
            for name in (names.left, names.right)
            for cell in (Cell(f"{name}: payments", "number"), Cell(f"{name}: amount", "money"))
        ),
        Cell("Difference", "money"),
    ]
    total = Sides()
    rows: list[str] = []
    for status, name in names.statuses.items():
        if status in found and status is not Status.VOIDED_OR_VANISHED:
            total.include(found[status])
            rows.append(row(headers, [Cell(name), *_sides(found[status])]))
    rows.append(row(headers, [Cell("Total"), *_sides(total)], ' class="sum"'))
    if (gone := found.get(Status.VOIDED_OR_VANISHED)) is not None:
        rows.append(
            row(
                headers,
                [
                    Cell(names.statuses[Status.VOIDED_OR_VANISHED], "soft"),
                    *_sides(gone)[:-1],
                    Cell("", "nothing"),
                ],
                ' class="soft"',
            )
        )
    return f'<div class="card">{table(headers, rows, caption=_currency_name(currency))}</div>\n'


def _currency_name(currency: str | None) -> str:
    return "No currency named" if currency is None else safe(currency)


def _sides(sides: Sides) -> list[Cell]:
    each = [cell for total in (sides.left, sides.right) for cell in _total(total)]
    return [
        *each,
        Cell(money(sides.difference, signed=True), "money off" if sides.difference else "money"),
    ]


def _total(total: Total) -> tuple[Cell, Cell]:
    if not total.count:
        return _NOTHING, _NOTHING
    return Cell(f"{total.count:,}", "number"), Cell(money(total.amount), "money")


def charts(totals: Totals, names: Names) -> dict[str, str]:
    """A chart for each currency."""
    months = totals.by_month()
    drawn = "".join(
        chart(currency, found, (names.left, names.right))
        for currency, found in list(months.items())[:_MAX_CURRENCIES]
    )
    note = (
        "By each payment's own date. A dot marks a month in which the sides differ, as dates "
        "across the end of a month make them."
    )
    if any(len(found) > MAX_MONTHS for found in months.values()):
        note += f" The charts show the last {MAX_MONTHS} months."
    return {
        "charts": drawn,
        "months_note": (note if months else "Nothing was paid.") + _left_out(len(months)),
    }


def differences(shown: Sequence[Outcome], number: int, names: Names, everything: str | None) -> str:
    """The table of the differences that are shown, out of so many."""
    if not number:
        return '<p class="soft">There are none.</p>\n'
    headers = [Cell(name) for name in ("Invoice", "Finding", names.left, names.right)]
    headers += [Cell("Difference", "money"), Cell("Customer"), Cell("Why")]
    columns = [_ranks(shown, value) for value in _columns(names)]
    rows = [
        row(
            headers,
            _cells(outcome, names),
            _attributes(outcome, [column[place] for column in columns]),
        )
        for place, outcome in enumerate(shown)
    ]
    choices = "".join(
        f'<option value="{_kind(status)}">{name}</option>'
        for status, name in names.statuses.items()
        if status.is_difference
    )
    return (
        f"{_how_many(len(shown), number, everything)}"
        '<div class="card" style="margin-top:.75rem">\n<div class="tools" id="tools" hidden>\n'
        '<label class="wide" for="search">Search<input type="search" id="search" '
        'autocomplete="off"></label>\n'
        '<label for="finding">Finding<select id="finding"><option '
        f'value="">All</option>{choices}</select></label>\n'
        '<label for="order">Sort by<select id="order"></select></label>\n'
        '<p id="shown" role="status"></p>\n</div>\n<div '
        f'class="scroll">{table(headers, rows, name="differences")}</div>\n</div>\n'
    )


def _how_many(shown: int, number: int, everything: str | None) -> str:
    if shown == number:
        return '<p class="soft">The largest amounts come first.</p>\n'
    where = (
        ""
        if everything is None
        else f" All of them, for a spreadsheet: <code>{safe(everything)}</code>"
    )
    return (
        f'<p class="notice">This page shows the {shown:,} differences with the largest '
        f"amounts out of {number:,}.{where}</p>\n"
    )


def _attributes(outcome: Outcome, ranks: list[int]) -> str:
    return (
        f' class="{_kind(outcome.status)}" data-status="{_kind(outcome.status)}" '
        f'data-ranks="{" ".join(map(str, ranks))}"'
    )


def _kind(status: Status) -> str:
    return status.value.replace(" ", "-")


def _columns(names: Names) -> list[Callable[[Outcome], Any]]:
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


def _ranks(outcomes: Sequence[Outcome], value: Callable[[Outcome], Any]) -> list[int]:
    """For each of the outcomes its place by a value; the page sorts by these, so that no amount is ever a float."""
    values = [value(outcome) for outcome in outcomes]
    place = {each: number for number, each in enumerate(sorted(set(values)))}
    return [place[each] for each in values]


def _cells(outcome: Outcome, names: Names) -> list[Cell]:
    net = _net(outcome)
    currencies = {
        normalise_currency(payment.currency) for payment in (*outcome.left, *outcome.right)
    } - {None}
    note = (
        '<span class="small">A payment that names no currency was taken to be in this one.</span>'
        if outcome.currency_assumed
        else ""
    )
    # Amounts in several currencies have no sum.
    difference = (
        money(net, next(iter(currencies), None), signed=True) if len(currencies) < 2 else ""  # noqa: PLR2004
    )
    return [
        _key(outcome.key),
        Cell(f'<span class="badge">{names.statuses[outcome.status]}</span>'),
        _payments(outcome.left),
        _payments(outcome.right),
        Cell(difference, "money" if difference else "nothing"),
        Cell(
            f"<bdi>{safe(customer)}</bdi>" if (customer := _customer(outcome)) else "",
            "" if customer else "nothing",
        ),
        Cell(RULES[outcome.rule] + note),
    ]


def _key(key: str | None) -> Cell:
    if key is None:
        return Cell("no number", "soft")
    return Cell(f"<bdi>{safe(key)}</bdi>", "long" if len(key) > _LONG else "")


def _payments(payments: Sequence[Payment]) -> Cell:
    if not payments:
        return Cell("\u2013", "soft")
    items = "".join(
        f'<li><span class="money">{money(payment.amount, payment.currency)}</span>'
        f'<span class="small day">{day(payment.payment_date)}</span>{_voided(payment)}'
        f'<span class="small"><bdi>{safe(payment.id)}</bdi></span></li>'
        for payment in payments[:_MAX_PAYMENTS]
    )
    rest = len(payments) - _MAX_PAYMENTS
    return Cell(
        f'<ul class="payments">{items}{f"<li>and {rest:,} more</li>" if rest > 0 else ""}</ul>'
    )


def _voided(payment: Payment) -> str:
    return (
        ""
        if payment.voided_date is None
        else f'<span class="small day">voided {payment.voided_date}</span>'
    )


def _customer(outcome: Outcome) -> str:
    for payment in (*outcome.left, *outcome.right):
        if payment.customer is not None and (payment.customer.name or payment.customer.number):
            return payment.customer.name or payment.customer.number or ""
    return ""


def _sum(payments: Sequence[Payment]) -> Decimal:
    total = Decimal(0)
    for payment in payments:
        total = EXACT.add(total, payment.amount)
    return total


def _net(outcome: Outcome) -> Decimal:
    """The left amounts less the right ones, without those that are gone."""
    left = Decimal(0) if outcome.status is Status.RIGHT_ONLY else _sum(outcome.left)
    right = Decimal(0) if outcome.status is Status.LEFT_ONLY else _sum(outcome.right)
    return EXACT.subtract(left, right)


def rules(totals: Totals) -> str:
    """The rules that decided something, and how often."""
    headers = [Cell("Rule"), Cell("What it says"), Cell("Outcomes", "number")]
    return table(
        headers,
        (
            row(
                headers,
                [
                    Cell(rule.value.replace("_", " ")),
                    Cell(sentence),
                    Cell(f"{totals.rules[rule]:,}", "number"),
                ],
            )
            for rule, sentence in RULES.items()
            if totals.rules[rule]
        ),
    )
