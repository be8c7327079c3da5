"""Print plans and bookings."""

from __future__ import annotations

import json
import sys
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

from paysdk.amounts import ENGLISH, NumberStyle
from paysdk.booking.plan import add_up_by_currency
from paysdk.booking.states import State
from paysdk.booking.words import describe_left_out, describe_reason, list_disagreements
from paysdk.cli.output.entries import Entry, render_entries
from paysdk.cli.output.layout import align_amounts
from paysdk.cli.output.terminal import (
    configure_utf8_stdout,
    make_console,
    print_lines,
    to_printable,
)
from paysdk.cli.output.wording import reword

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from paysdk.booking import Booking, BookingPlan, ReviewLine

__all__ = [
    "describe_approval",
    "describe_release",
    "describe_waits",
    "print_bookings",
    "print_json",
    "print_plan",
    "print_states",
]

_RELEASE = "paysdk book release PLAN --in DATABASE --payment ID --by NAME --reason TEXT"


def print_plan(plan: BookingPlan, numbers: NumberStyle = ENGLISH) -> None:
    """Print what would be booked, what is for review, and the totals."""
    print_lines(_render_plan(plan, make_console(sys.stdout).width, numbers))


def _render_plan(plan: BookingPlan, width: int, numbers: NumberStyle) -> Iterator[str]:
    yield (
        f"From {plan.source} ({plan.source_account}) to {plan.target} ({plan.target_account}), "
        f"made at {plan.made_at:%Y-%m-%d %H:%M} UTC."
    )
    if plan.lines:
        yield from ["", "WOULD BE BOOKED", *_render_lines(plan, width, numbers)]
    if plan.review:
        yield from ["", "FOR REVIEW. These are not booked."]
        yield from _render_review(plan.review, width, numbers)
    left_out = ", ".join(
        f"{count} {describe_left_out(reason)}" for reason, count in plan.left_out.items()
    )
    yield ""
    totals = _show_totals(plan.totals, numbers)
    yield f"{len(plan.lines)} to book: {totals}. {len(plan.review)} for review."
    if left_out:
        yield f"Left out: {left_out}."
    for sentence in list_disagreements(plan):
        yield from textwrap.wrap(to_printable(numbers.format_sentence(sentence)), width)
    yield f"Account: {plan.policy.account_id} ({to_printable(plan.policy.account_name)})."
    yield f"Digest: {plan.digest}"


def _render_lines(plan: BookingPlan, width: int, numbers: NumberStyle) -> Iterator[str]:
    header, *amounts = align_amounts(
        "Amount", [(each.amount, each.currency) for each in plan.lines], numbers
    )
    due, *dues = align_amounts(
        "Due after",
        [(each.due_after, None) for each in plan.lines],
        numbers,
        of_currency=plan.policy.currency,
    )
    entries = [
        Entry(
            [
                line.payment_id,
                line.invoice_number,
                line.payment_date,
                amount,
                due_after,
                line.client_name,
            ]
        )
        for line, amount, due_after in zip(plan.lines, amounts, dues, strict=True)
    ]
    headers = ["Payment", "Invoice", "Date", header, due, "Client"]
    return render_entries(headers, entries, width, needed=4)


def _render_review(review: Sequence[ReviewLine], width: int, numbers: NumberStyle) -> Iterator[str]:
    header, *amounts = align_amounts(
        "Amount", [(each.amount, each.currency) for each in review], numbers
    )
    entries = [
        Entry(
            [line.number, line.payment_date, amount, describe_reason(line.reason)],
            [
                numbers.format_sentence(line.sentence),
                *(
                    []
                    if line.nearest is None
                    else [f"Nearest: {numbers.format_sentence(line.nearest)}"]
                ),
                f"Payment: {line.payment_id}",
            ],
        )
        for line, amount in zip(review, amounts, strict=True)
    ]
    return render_entries(["Invoice", "Date", header, "Reason"], entries, width, needed=4)


def print_bookings(
    bookings: Sequence[Booking], output_format: str, numbers: NumberStyle = ENGLISH
) -> None:
    """Print each booking with its state and the reason."""
    if output_format == "json":
        content = [
            {
                "payment_id": each.key.payment_id,
                "generation": each.key.generation,
                "invoice": each.line.invoice_number,
                "amount": str(each.line.amount),
                "state": each.state.value,
                "payments": list(each.payment_ids),
                "details": dict(each.details),
            }
            for each in bookings
        ]
        print_json("".join(f"{json.dumps(each)}\n" for each in content))
        return
    header, *amounts = align_amounts(
        "Amount", [(each.line.amount, each.line.currency) for each in bookings], numbers
    )
    entries = [
        Entry(
            [each.key.payment_id, each.line.invoice_number, describe_reason(each.state), amount],
            [numbers.format_sentence(reword(each.sentence))] if each.sentence else [],
        )
        for each, amount in zip(bookings, amounts, strict=True)
    ]
    headers = ["Payment", "Invoice", "State", header]
    print_lines(render_entries(headers, entries, make_console(sys.stdout).width, needed=4))
    counts = Counter(describe_reason(each.state) for each in bookings)
    print_lines(["", f"{', '.join(f'{count} {state}' for state, count in counts.items())}."])


def print_states(states: Mapping[State, int], output_format: str) -> None:
    """Print how many bookings are in each state."""
    if output_format == "json":
        print_json(json.dumps({state.value: count for state, count in states.items()}) + "\n")
        return
    print_lines(f"{count:>6}  {describe_reason(state)}" for state, count in states.items())


def describe_approval(by: str, run: str, bookings: Sequence[Booking]) -> str:
    """Say who approved how many lines of a run, for which sum."""
    approved = [each.line for each in bookings if each.state is not State.SKIPPED]
    left_out = len(bookings) - len(approved)
    return (
        f"{by} approved {len(approved)} {'line' if len(approved) == 1 else 'lines'} of the plan "
        f"{run[:12]}: {_show_totals(add_up_by_currency(approved), ENGLISH)}."
        f"{f' Left out: {left_out}.' if left_out else ''}"
    )


def _show_totals(totals: Mapping[str, Decimal], numbers: NumberStyle) -> str:
    shown = (
        f"{numbers.format_amount(amount, currency)} {currency}"
        for currency, amount in totals.items()
    )
    return ", ".join(shown) or "nothing"


def describe_waits(states: Mapping[State, int]) -> Iterator[str]:
    """Say what a person can do about lines that are not finished."""
    if held := states.get(State.CLAIMED, 0) + states.get(State.SENT, 0):
        yield (
            f"Lines that another apply has begun: {held}. Wait until it has ended, and look with "
            "status. If it was killed, run apply again: it looks for them."
        )
    if orders := states.get(State.UNKNOWN, 0) + states.get(State.DRAFTED, 0):
        yield (
            f"Orders without a known outcome: {orders}. Each apply looks for them. If you are "
            f"certain that one will not be booked, release it: {_RELEASE}"
        )
    if voids := states.get(State.VOID_REQUESTED, 0):
        yield (
            f"Voids without a known outcome: {voids}. Run undo again: it looks for them. If you "
            f"are certain that one will not be carried out, release it: {_RELEASE}"
        )


def describe_release(before: State, after: State) -> str:
    """Say what a release did to a line, and what it did not do."""
    match after:
        case State.APPROVED:
            return (
                "Released. Nothing was sent. The line is approved again, so the next apply sends "
                "it once more."
            )
        case State.VOIDED:
            return "Nothing was released, because the payment is voided."
        case State.BOOKED if before is State.VOID_REQUESTED:
            return (
                "Released. Nothing was sent. The payment is still live, and the next undo voids it."
            )
        case State.BOOKED:
            return "Nothing was released, because the order was found. It is booked."
        case _:
            return "Nothing was sent. The two systems do not agree: look at the payment in both."


def print_json(text: str) -> None:
    """Write JSON for programs to stdout."""
    configure_utf8_stdout().write(text)
