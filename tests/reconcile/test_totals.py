"""The counts and sums of outcomes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from paysdk import ConfigurationError, InvoiceRef, Payment
from paysdk.reconcile import Outcome, Rule, Sides, Status, Total, Totals


def paid(
    amount: str, day: date | None = date(2026, 1, 31), currency: str | None = "EUR"
) -> Payment:
    """A payment of an amount."""
    return Payment(
        provider="acme",
        id="1",
        amount=Decimal(amount),
        payment_date=day,
        currency=currency,
        invoice=InvoiceRef("9", "A"),
    )


def outcome(
    status: Status, left: tuple[Payment, ...] = (), right: tuple[Payment, ...] = ()
) -> Outcome:
    """An outcome with this status."""
    return Outcome(status=status, rule=Rule.SAME_DAY, key="A", left=left, right=right)


def add_up(*outcomes: Outcome) -> Totals:
    """The totals of these outcomes."""
    totals = Totals()
    for each in outcomes:
        totals.add(each)
    return totals


def test_outcomes_are_counted_and_added_up_by_currency() -> None:
    """The amounts of each side are added up exactly, by currency and by status."""
    totals = add_up(
        outcome(Status.MATCHED, (paid("0.10"), paid("0.2")), (paid("0.30"),)),
        outcome(
            Status.AMOUNT_DIFFERS, (paid("1e3", currency="USD"),), (paid("900", currency="USD"),)
        ),
        outcome(Status.LEFT_ONLY, (paid("7", currency=None),)),
    )

    assert {Status.MATCHED: 1, Status.AMOUNT_DIFFERS: 1, Status.LEFT_ONLY: 1} == totals.outcomes
    assert {Rule.SAME_DAY: 3} == totals.rules
    assert 2 == totals.differences
    assert {
        "EUR": {Status.MATCHED: Sides(Total(2, Decimal("0.30")), Total(1, Decimal("0.30")))},
        "USD": {Status.AMOUNT_DIFFERS: Sides(Total(1, Decimal(1000)), Total(1, Decimal(900)))},
        None: {Status.LEFT_ONLY: Sides(Total(1, Decimal(7)), Total())},
    } == totals.by_currency()
    assert ["EUR", "USD", None] == list(totals.by_currency())
    assert Decimal(100) == totals.by_currency()["USD"][Status.AMOUNT_DIFFERS].difference


def test_a_currency_that_was_assumed_is_counted_in() -> None:
    """A payment without a currency counts in the currency that it was matched in."""
    totals = add_up(outcome(Status.MATCHED, (paid("5", currency=None),), (paid("5"),)))

    assert {
        "EUR": {Status.MATCHED: Sides(Total(1, Decimal(5)), Total(1, Decimal(5)))}
    } == totals.by_currency()


@pytest.mark.parametrize(
    ("status", "side"), [(Status.LEFT_ONLY, "left"), (Status.RIGHT_ONLY, "right")]
)
def test_a_voided_counterpart_is_counted_as_gone(status: Status, side: str) -> None:
    """The payment that explains why another has no counterpart counts as gone."""
    totals = add_up(outcome(status, (paid("5"),), (paid("5"),)))
    sides = totals.by_currency()["EUR"]

    assert {status, Status.VOIDED_OR_VANISHED} == set(sides)
    assert Total(1, Decimal(5)) == getattr(sides[status], side)
    assert {(2026, 1): sides[status]} == totals.by_month()["EUR"]


def test_months_are_those_of_each_payment() -> None:
    """Each payment counts in its own month, and voided and vanished ones in none."""
    totals = add_up(
        outcome(Status.VOIDED_OR_VANISHED, (paid("9"),)),
        outcome(Status.MATCHED, (paid("5", None),), (paid("5"),)),
        outcome(Status.MATCHED, (paid("3"),), (paid("3", date(2025, 12, 31)),)),
    )

    assert {
        (2025, 12): Sides(Total(), Total(1, Decimal(3))),
        (2026, 1): Sides(Total(1, Decimal(3)), Total(1, Decimal(5))),
        None: Sides(Total(1, Decimal(5)), Total()),
    } == totals.by_month()["EUR"]
    assert [(2025, 12), (2026, 1), None] == list(totals.by_month()["EUR"])


def test_no_digit_is_lost() -> None:
    """Sums keep up to a thousand digits; if that is not enough, there is an error."""
    totals = add_up(outcome(Status.MATCHED, (paid("1e40"), paid("0.01"))))

    assert "1" + "0" * 40 + ".01" == str(totals.by_currency()["EUR"][Status.MATCHED].left.amount)
    with pytest.raises(ConfigurationError, match="cannot be added up exactly"):
        totals.add(outcome(Status.MATCHED, (paid("1e-2000"),)))
