"""A plan: what would be booked where and why, and what is for review. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Self, cast

import attrs

from paysdk.booking.policy import BookingPolicy
from paysdk.converter import make_converter
from paysdk.errors import ConfigurationError
from paysdk.exact import EXACT
from paysdk.target import BookingOrder

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BookingLine", "BookingPlan", "ReviewLine", "add_up_by_currency"]

_FORMAT = "paysdk booking plan 1"


@attrs.frozen(kw_only=True)
class BookingLine:
    """A line of a plan: a payment of the source to book, and the figures that the plan saw.

    ``number`` is the source's invoice number, and ``invoice_number`` the target's. ``total`` and
    ``balance`` are the source's figures of the invoice. ``seen_due`` and ``seen_status`` are the
    target's. ``due_after`` is what would be due on the invoice after this line and the earlier
    lines for the invoice, or ``None`` if the target has no previews. ``rule`` is the sentence of
    the rule that found no counterpart. ``generation`` is above 1 if a person ordered to book it
    again.
    """

    payment_id: str
    generation: int
    number: str
    amount: Decimal
    currency: str
    payment_date: date
    external_id: str
    invoice_id: str
    invoice_number: str
    client_name: str | None
    total: Decimal
    balance: Decimal | None
    seen_due: Decimal
    seen_status: str | None
    due_after: Decimal | None
    rule: str

    def to_order(self, policy: BookingPolicy) -> BookingOrder:
        """Return what to send for it."""
        return BookingOrder(
            invoice_id=self.invoice_id,
            amount=self.amount,
            currency=self.currency,
            payment_date=self.payment_date,
            account_id=policy.account_id,
            account_name=policy.account_name,
            external_id=self.external_id,
            memo=f"Notify payment {self.payment_id}"
            if self.external_id.startswith("paysdk:notify:")
            else f"Payment {self.payment_id}",
            rebook_voided=self.generation > 1,
        )


def add_up_by_currency(lines: Iterable[BookingLine]) -> dict[str, Decimal]:
    """Return the exact sum of the lines in each currency."""
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        totals[line.currency] = EXACT.add(totals[line.currency], line.amount)
    return dict(sorted(totals.items()))


@attrs.frozen(kw_only=True)
class ReviewLine:
    """A payment that a person must look at.

    ``reason`` is a code, and ``sentence`` says it with both figures. ``side`` is the provider that
    has the payment. ``nearest`` shows what fits best, and is never used.
    """

    side: str
    payment_id: str
    number: str | None
    amount: Decimal
    currency: str | None
    payment_date: date | None
    reason: str
    sentence: str
    nearest: str | None = None


@attrs.frozen(kw_only=True)
class BookingPlan:
    """What would be booked, for a person to approve.

    ``left_out`` counts the payments that are neither booked nor for review, by reason.
    ``feed_position`` is the last change of the store that the plan certainly knows.
    """

    source: str
    source_account: str
    target: str
    target_account: str
    made_at: datetime
    policy: BookingPolicy
    lines: tuple[BookingLine, ...] = ()
    review: tuple[ReviewLine, ...] = ()
    left_out: Mapping[str, int] = attrs.field(factory=dict[str, int])
    feed_position: int = 0

    @property
    def totals(self) -> dict[str, Decimal]:
        """The sum of the lines in each currency."""
        return add_up_by_currency(self.lines)

    @property
    def disagreements(self) -> list[BookingLine]:
        """The last line of each invoice on which the two systems would still disagree afterwards.

        The line's ``due_after`` is then not its ``balance``. Both may be right, for example after a
        discount or a write-off that only one system knows.
        """
        last = {line.invoice_id: line for line in self.lines}
        said: defaultdict[str, set[Decimal | None]] = defaultdict(set)
        for line in self.lines:
            said[line.invoice_id].add(line.balance)
        # If the source says several balances of one invoice, no document says which one is newer.
        return [
            line
            for line in last.values()
            if line.due_after is not None
            and line.balance not in {None, line.due_after}
            and len(said[line.invoice_id]) == 1
        ]

    @property
    def digest(self) -> str:
        """The SHA-256 of the plan. Any change to the plan changes it."""
        return hashlib.sha256(_canonical(self._to_builtins())).hexdigest()

    def to_json(self) -> str:
        """Return the plan as JSON with its digest. Amounts are texts with exact digits."""
        content = {"format": _FORMAT, "digest": self.digest, "plan": self._to_builtins()}
        return json.dumps(content, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a plan. Raises ``ConfigurationError`` if it is not a plan, or if it was changed."""
        content = _parse_object(text)
        if content.get("format") != _FORMAT:
            raise ConfigurationError(
                f'This is not a plan: it is not a JSON object with "format": "{_FORMAT}".'
            )
        try:
            plan: Self = _converter().structure(content.get("plan"), cls)
        except Exception as error:  # noqa: BLE001  # cattrs raises groups of any errors
            raise ConfigurationError(f"This plan cannot be read: {error}.") from None
        if plan.digest != content.get("digest"):
            raise ConfigurationError(
                "This plan was changed: its digest is not the digest of its content. Make a new "
                "plan."
            )
        return plan

    def _to_builtins(self) -> Any:  # noqa: ANN401  # JSON
        content = _converter().unstructure(self)
        if not self.feed_position:
            # An older plan has no position. Its digest must stay, so that its run can be undone.
            del content["feed_position"]
        return content


@cache
def _converter() -> Any:  # noqa: ANN401  # cattrs is known to the converter
    return make_converter()


def _parse_object(text: str) -> dict[str, Any]:
    with suppress(ValueError):
        content: object = json.loads(text)
        if isinstance(content, dict):
            return cast("dict[str, Any]", content)
    return {}


def _canonical(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
