"""The results of a reconciliation: outcomes, their status, and the rule that decided each."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from paysdk.currencies import normalise_currency
from paysdk.exact import EXACT, add_exactly
from paysdk.payment import Payment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

__all__ = [
    "RULES",
    "STATUS_OF",
    "Outcome",
    "Rule",
    "Status",
    "Vanished",
    "add_up",
    "in_words",
]


class Status(StrEnum):
    """The result for the payments of an outcome."""

    MATCHED = "matched"
    AMOUNT_DIFFERS = "amount differs"
    LEFT_ONLY = "left only"
    RIGHT_ONLY = "right only"
    AMBIGUOUS = "ambiguous"
    VOIDED_OR_VANISHED = "gone"

    @property
    def is_difference(self) -> bool:
        """Whether a person should check it: the sides differ, or it is unclear if they do."""
        return self not in {Status.MATCHED, Status.VOIDED_OR_VANISHED}


def in_words(left: str, right: str) -> dict[Status, str]:
    """Each status in words, with the names of the sides."""
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
    """The rule that decided an outcome. ``RULES`` has a sentence for each."""

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


# The report shows these sentences to people in finance.
RULES: dict[Rule, str] = {
    Rule.SAME_DAY: (
        "Equal amounts on the same day, and the same number of payments on both sides. "
        "If there are several, they are interchangeable."
    ),
    Rule.IN_WINDOW: (
        "The amounts agree and the dates are close enough. "
        "No other payment fits, alone or as part of a split."
    ),
    Rule.UNDATED: (
        "The amounts agree, and at least one payment has no date. "
        "No other payment fits, alone or as part of a split."
    ),
    Rule.AS_MANY: (
        "Both sides have the same number of matching payments. They can all be paired, but in "
        "more than one way. No other payment could be part of a split with them."
    ),
    Rule.SPLIT: (
        "One payment is the sum of several on the other side, and the dates are close enough. "
        "Only this combination fits."
    ),
    Rule.ONLY_PAIR: (
        "These two payments can only belong to each other. "
        "The dates are close enough, but the amounts differ."
    ),
    Rule.NOT_THERE: (
        "The other side has no payment for this invoice, or only voided or vanished ones."
    ),
    Rule.OTHER_CURRENCY: (
        "The other side has payments for this invoice, but only in other currencies."
    ),
    Rule.OUT_OF_WINDOW: (
        "The other side has unmatched payments for this invoice, "
        "but not within the allowed number of days."
    ),
    Rule.NONE_LEFT: (
        "The other side's payments for this invoice in this currency "
        "are already part of other findings."
    ),
    Rule.COUNTERPART_VOIDED: "The payment that matches this one was voided on the other side.",
    Rule.COUNTERPART_VANISHED: (
        "The payment that matches this one is no longer listed on the other side."
    ),
    Rule.NO_NUMBER: ("The payment has no invoice number, so its counterpart cannot be found."),
    Rule.CURRENCY_UNCLEAR: (
        "The payments for this invoice are in several currencies, and at least one has no currency."
    ),
    Rule.UNEVEN: (
        "These payments match, but not all of them can be paired. "
        "It is unclear which of them have a counterpart. Voided payments count too."
    ),
    Rule.SPLIT_UNCLEAR: (
        "A payment is the sum of others in more than one way, "
        "or one of its parts could also belong to another payment."
    ),
    Rule.SEVERAL_DIFFER: (
        "Several payments for this invoice are left over. "
        "They could belong together in more than one way. Voided payments count too."
    ),
    Rule.TOO_MANY: "This invoice has too many unmatched payments to compare them all.",
    Rule.VOIDED: "The payment was voided, so it needs no counterpart.",
    Rule.VANISHED: "The provider no longer lists the payment, so it needs no counterpart.",
}

# The other rules give LEFT_ONLY or RIGHT_ONLY, depending on the side of the payments.
STATUS_OF: dict[Rule, Status] = {
    **dict.fromkeys(
        (Rule.SAME_DAY, Rule.IN_WINDOW, Rule.UNDATED, Rule.AS_MANY, Rule.SPLIT), Status.MATCHED
    ),
    Rule.ONLY_PAIR: Status.AMOUNT_DIFFERS,
    **dict.fromkeys((Rule.NO_NUMBER, Rule.CURRENCY_UNCLEAR, Rule.UNEVEN), Status.AMBIGUOUS),
    **dict.fromkeys((Rule.SPLIT_UNCLEAR, Rule.SEVERAL_DIFFER, Rule.TOO_MANY), Status.AMBIGUOUS),
    **dict.fromkeys((Rule.VOIDED, Rule.VANISHED), Status.VOIDED_OR_VANISHED),
}


def add_up(payments: Iterable[Payment]) -> Decimal:
    """Return the exact sum of the amounts."""
    return add_exactly(payment.amount for payment in payments)


@attrs.frozen
class Vanished:
    """A payment that its provider no longer lists. A store still has it.

    Pass it to ``reconcile`` among the payments of its side.
    """

    payment: Payment


@attrs.frozen(kw_only=True)
class Outcome:
    """The result for some payments with the same key. Each payment is in exactly one outcome.

    ``rule`` is the reason. ``key`` is the key of the payments, or ``None`` if they have none.
    ``left`` and ``right`` are the payments, sorted by date. If a side has several, the result holds
    for all of them together, and does not say which belongs to which. If the status is
    ``LEFT_ONLY`` or ``RIGHT_ONLY``, the other side has the voided or vanished payments that are the
    reason, if any.
    """

    status: Status
    rule: Rule
    key: str | None
    left: tuple[Payment, ...] = ()
    right: tuple[Payment, ...] = ()

    @property
    def difference(self) -> Decimal | None:
        """The left amounts minus the right ones, in major currency units.

        ``None`` unless the status is ``MATCHED`` or ``AMOUNT_DIFFERS``.
        """
        if self.status not in _COMPARED:
            return None
        return EXACT.subtract(add_up(self.left), add_up(self.right))

    @property
    def currency_assumed(self) -> bool:
        """Whether a payment without a currency was counted in the currency of the others."""
        return (
            self.status in _COMPARED
            and len({normalise_currency(payment.currency) for payment in (*self.left, *self.right)})
            > 1
        )
