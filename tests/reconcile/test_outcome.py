"""Outcomes and statuses."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from paysdk import InvoiceRef, Payment
from paysdk.reconcile import RULES, Outcome, Rule, Status, in_words
from paysdk.reconcile.outcome import STATUS_OF


def paid(amount: str, currency: str | None = "EUR") -> Payment:
    """A payment of an amount."""
    return Payment(
        provider="acme",
        id="1",
        amount=Decimal(amount),
        currency=currency,
        invoice=InvoiceRef("9", "INV-9"),
    )


def outcome(status: Status, left: Payment, right: Payment) -> Outcome:
    """An outcome of two payments."""
    return Outcome(status=status, rule=Rule.ONLY_PAIR, key="INV-9", left=(left,), right=(right,))


def test_only_compared_payments_have_a_difference() -> None:
    """Matched and differing payments have one, and a voided counterpart has none."""
    left, right = paid("100.00"), paid("90.5")

    assert [Decimal("9.50"), Decimal("9.50"), None] == [
        outcome(status, left, right).difference
        for status in (Status.MATCHED, Status.AMOUNT_DIFFERS, Status.LEFT_ONLY)
    ]


def test_a_currency_is_assumed_if_one_payment_has_none() -> None:
    """Codes in another case are the same currency."""
    assert [True, False, False] == [
        outcome(Status.MATCHED, paid("1"), paid("1", currency)).currency_assumed
        for currency in (None, "eur", "EUR")
    ]


def test_a_person_checks_what_is_neither_matched_nor_gone() -> None:
    """Every other status is a difference, and every status has a name."""
    assert {Status.MATCHED, Status.VOIDED_OR_VANISHED} == {
        status for status in Status if not status.is_difference
    }
    assert list(Status) == list(in_words("Left", "Right"))


def test_a_rule_without_a_status_is_about_one_side() -> None:
    """Each other rule has the same status on both sides."""
    assert {
        Rule.NOT_THERE,
        Rule.OTHER_CURRENCY,
        Rule.OUT_OF_WINDOW,
        Rule.NONE_LEFT,
        Rule.COUNTERPART_VOIDED,
        Rule.COUNTERPART_VANISHED,
    } == set(Rule) - set(STATUS_OF)


def test_every_rule_is_in_the_documents() -> None:
    """The page about reconciling has each rule with its sentence, and no other."""
    page = Path(__file__).parents[2] / "docs" / "how-to" / "reconcile.md"
    rows = re.findall(r"^\|[^|]*\| `(\w+)` \| (.*) \|$", page.read_text(), re.MULTILINE)

    assert list(Rule) == list(RULES)
    assert [(rule.value, sentence) for rule, sentence in RULES.items()] == rows
