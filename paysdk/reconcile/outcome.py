"""What a reconciliation says of payments: what became of them, and the rule that decided it."""

from __future__ import annotations

from decimal import Context, Decimal
from enum import StrEnum

import attrs

from paysdk.currencies import normalise_currency
from paysdk.payment import Payment

__all__ = ["EXACT", "RULES", "STATUS_OF", "Outcome", "Rule", "Status", "Vanished", "in_words"]

# Python's default of 28 digits would round what is subtracted from an amount of more. No sum of
# amounts that anybody pays comes near this.
EXACT = Context(prec=1000)


class Status(StrEnum):
    """What became of the payments of an outcome."""

    MATCHED = "matched"
    AMOUNT_DIFFERS = "amount differs"
    LEFT_ONLY = "left only"
    RIGHT_ONLY = "right only"
    AMBIGUOUS = "ambiguous"
    VOIDED_OR_VANISHED = "gone"

    @property
    def is_difference(self) -> bool:
        """Whether somebody should look at it: the two sides differ, or it cannot be told whether they do."""
        return self not in {Status.MATCHED, Status.VOIDED_OR_VANISHED}


def in_words(left: str, right: str) -> dict[Status, str]:
    """What each status is called where the sides have these names."""
    return {
        Status.MATCHED: "Matched",
        Status.AMOUNT_DIFFERS: "Amount differs",
        Status.LEFT_ONLY: f"Only in {left}",
        Status.RIGHT_ONLY: f"Only in {right}",
        Status.AMBIGUOUS: "Ambiguous",
        Status.VOIDED_OR_VANISHED: "Voided or vanished",
    }


_COMPARED = frozenset({Status.MATCHED, Status.AMOUNT_DIFFERS})


class Rule(StrEnum):
    """The rule that decided an outcome. ``RULES`` has the sentence that each stands for."""

    SAME_DAY = "same_day"
    IN_WINDOW = "in_window"
    UNDATED = "undated"
    AS_MANY = "as_many"
    SPLIT = "split"
    ONLY_PAIR = "only_pair"
    NOT_THERE = "not_there"
    OTHER_CURRENCY = "other_currency"
    OUT_OF_WINDOW = "out_of_window"
    NONE_LEFT = "none_left"
    COUNTERPART_VOIDED = "counterpart_voided"
    COUNTERPART_VANISHED = "counterpart_vanished"
    NO_NUMBER = "no_number"
    CURRENCY_UNCLEAR = "currency_unclear"
    UNEVEN = "uneven"
    SPLIT_UNCLEAR = "split_unclear"
    SEVERAL_DIFFER = "several_differ"
    TOO_MANY = "too_many"
    VOIDED = "voided"
    VANISHED = "vanished"


RULES: dict[Rule, str] = {
    Rule.SAME_DAY: (
        "Equal amounts on the same day, as many on one side as on the other. Several "
        "of them are interchangeable."
    ),
    Rule.IN_WINDOW: (
        "Amounts agree, dates are in the window; no other fits as well, and nothing "
        "left over makes a split with either."
    ),
    Rule.UNDATED: (
        "The amounts agree and a date is missing; no other fits as well, and nothing "
        "left over makes a split with either."
    ),
    Rule.AS_MANY: (
        "As many on each side agree, and all can be paired, which with which is open; "
        "nothing left over makes a split with any."
    ),
    Rule.SPLIT: (
        "One payment is the sum of several on the other side within the window, and of no others."
    ),
    Rule.ONLY_PAIR: (
        "All other payments of this invoice are accounted for; these two are within "
        "the window, and their amounts differ."
    ),
    Rule.NOT_THERE: "The other side has no payment of this invoice that counts.",
    Rule.OTHER_CURRENCY: "The other side has payments of this invoice in other currencies only.",
    Rule.OUT_OF_WINDOW: "What the other side has left of this invoice was paid outside the window.",
    Rule.NONE_LEFT: (
        "All that the other side has of this invoice is accounted for by other payments."
    ),
    Rule.COUNTERPART_VOIDED: "The other side voided the payment that this would be matched with.",
    Rule.COUNTERPART_VANISHED: (
        "The other side no longer lists the payment that this would be matched with."
    ),
    Rule.NO_NUMBER: (
        "The payment names no invoice number, so there is nothing to find its counterpart by."
    ),
    Rule.CURRENCY_UNCLEAR: (
        "The payments of this invoice are in several currencies, and one of "
        "them does not say in which."
    ),
    Rule.UNEVEN: (
        "More payments agree, voided ones included, than can be paired, and nothing "
        "tells which have a counterpart."
    ),
    Rule.SPLIT_UNCLEAR: (
        "A payment is the sum of others in more than one way, or of some that another could claim."
    ),
    Rule.SEVERAL_DIFFER: (
        "What is left of this invoice, voided payments included, could belong "
        "together in more than one way."
    ),
    Rule.TOO_MANY: "More payments of this invoice are left than are tried against each other.",
    Rule.VOIDED: "A voided payment needs no counterpart.",
    Rule.VANISHED: "A payment that its provider no longer lists needs no counterpart.",
}

# One side only is said of the side that the payments are on, so that has no status here.
STATUS_OF: dict[Rule, Status] = {
    **dict.fromkeys(
        (Rule.SAME_DAY, Rule.IN_WINDOW, Rule.UNDATED, Rule.AS_MANY, Rule.SPLIT), Status.MATCHED
    ),
    Rule.ONLY_PAIR: Status.AMOUNT_DIFFERS,
    **dict.fromkeys((Rule.NO_NUMBER, Rule.CURRENCY_UNCLEAR, Rule.UNEVEN), Status.AMBIGUOUS),
    **dict.fromkeys((Rule.SPLIT_UNCLEAR, Rule.SEVERAL_DIFFER, Rule.TOO_MANY), Status.AMBIGUOUS),
    **dict.fromkeys((Rule.VOIDED, Rule.VANISHED), Status.VOIDED_OR_VANISHED),
}


@attrs.frozen
class Vanished:
    """A payment that its provider no longer lists, as a store remembers it.

    It may stand among payments that are reconciled.
    """

    payment: Payment


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of some payments, all of one key: each payment that was reconciled stands in exactly one outcome.

    ``rule`` is why. ``key`` is what they were found by, ``None`` where they have none. ``left`` and
    ``right`` are the payments, by date. Where there are several on a side, what is said holds for
    all of them together: nothing says which belongs to which. On the other side of what is on one
    side only stand payments that are voided or vanished, if they are why.
    """

    status: Status
    rule: Rule
    key: str | None
    left: tuple[Payment, ...] = ()
    right: tuple[Payment, ...] = ()

    @property
    def difference(self) -> Decimal | None:
        """The left amounts less the right ones, in major currency units, where they were matched or differ; else ``None``."""
        if self.status not in _COMPARED:
            return None
        total = Decimal(0)
        for payment in self.left:
            total = EXACT.add(total, payment.amount)
        for payment in self.right:
            total = EXACT.subtract(total, payment.amount)
        return total

    @property
    def currency_assumed(self) -> bool:
        """Whether a payment that names no currency counts as one in the currency that others of its invoice name."""
        return (
            self.status in _COMPARED
            and len({normalise_currency(payment.currency) for payment in (*self.left, *self.right)})
            > 1
        )
