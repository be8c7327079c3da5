"""The page on some outcomes, and what a browser would find in it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import attrs

from paysdk import CustomerRef, InvoiceRef, Payment
from paysdk.reconcile import Outcome, Report, Rule, Status

MADE = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
VOID_TAGS = {"meta"}


@attrs.define(init=False)
class Page(HTMLParser):
    """What a browser would find: the rows of tables as text, and every tag closed."""

    open: list[str]
    tags: list[tuple[str, dict[str, str | None]]]
    rows: list[list[str]]

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.tags, self.rows = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        # An input has no end tag.
        while self.open[-1] == "input":
            self.open.pop()
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def paid(
    name: str,
    amount: str,
    *,
    day: date | None = date(2026, 1, 31),
    currency: str | None = "EUR",
    customer: str = "",
) -> Payment:
    """A payment of an amount."""
    return Payment(
        provider="acme",
        id=name,
        amount=Decimal(amount),
        currency=currency,
        payment_date=day,
        customer=CustomerRef(number="K-7", name=customer or None),
        invoice=InvoiceRef("9", "INV-9"),
    )


def only_left(*payments: Payment, key: str | None = "INV-9") -> Outcome:
    """An outcome of payments that are on the left side only."""
    return Outcome(status=Status.LEFT_ONLY, rule=Rule.NOT_THERE, key=key, left=payments)


def page(*outcomes: Outcome, **settings: object) -> Page:
    """The page on these."""
    return Page(html(*outcomes, **settings))


def html(*outcomes: Outcome, **settings: object) -> str:
    """The text of the page on these."""
    known: dict[str, Any] = {"left": "Left", "right": "Right"}
    report = Report(**known | settings)
    for outcome in outcomes:
        report.add(outcome)
    return report.html(MADE)


EVERYTHING = (
    Outcome(
        status=Status.MATCHED,
        rule=Rule.SAME_DAY,
        key="INV-1",
        left=(paid("a", "0.10"), paid("b", "0.20")),
        right=(paid("x", "0.30"),),
    ),
    Outcome(
        status=Status.AMOUNT_DIFFERS,
        rule=Rule.ONLY_PAIR,
        key="INV-2",
        left=(paid("c", "1200.00"),),
        right=(paid("y", "1000", currency=None),),
    ),
    only_left(paid("d", "-5.00", customer="Müller")),
    Outcome(
        status=Status.RIGHT_ONLY,
        rule=Rule.COUNTERPART_VOIDED,
        key="INV-4",
        left=(attrs.evolve(paid("e", "7.00"), voided_date=date(2026, 2, 3)),),
        right=(paid("z", "7.00", day=date(2026, 2, 1)),),
    ),
    Outcome(
        status=Status.AMBIGUOUS,
        rule=Rule.NO_NUMBER,
        key=None,
        left=(paid("f", "3", currency="USD", day=None),),
    ),
    Outcome(
        status=Status.AMBIGUOUS,
        rule=Rule.CURRENCY_UNCLEAR,
        key="INV-5",
        left=(paid("g", "2"), paid("h", "2", currency="USD")),
    ),
)
