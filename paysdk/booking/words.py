"""The words in which people read a plan, on the page and in the terminal. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paysdk.booking.plan import BookingPlan

__all__ = ["describe_left_out", "describe_reason", "list_disagreements"]

_LEFT_OUT = {
    "before_since": "from before the first day of the policy",
    "too_recent": "too recent, they may not have settled",
    "only_in_target": "only in the target",
    "booked": "booked already",
    "in_progress": "being booked or voided",
}


def describe_reason(reason: str) -> str:
    """Return the code of a reason or of a state as words."""
    return reason.replace("_", " ")


def describe_left_out(reason: str) -> str:
    """Return in words why payments are neither booked nor for review."""
    return _LEFT_OUT[reason]


def list_disagreements(plan: BookingPlan) -> Iterator[str]:
    """Yield a sentence for each invoice on which the systems would disagree after the plan."""
    for line in plan.disagreements:
        yield (
            f"After this plan, {line.due_after:f} is due on {line.invoice_number} in "
            f"{plan.target}, and {line.balance:f} in {plan.source}. The difference may be a "
            "discount, a write-off, or a payment that this plan does not book."
        )
