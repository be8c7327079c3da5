"""Printing plans and bookings."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest

from paysdk.booking import Booking, BookingKey, BookingLine, BookingPlan, State
from paysdk.booking.plan import ReviewLine
from paysdk.cli.output.bookings import (
    describe_approval,
    describe_release,
    describe_waits,
    print_bookings,
    print_plan,
    print_states,
)
from tests.booking.policies import BOOKS_POLICY

LINE = BookingLine(
    payment_id="p1",
    generation=1,
    number="A-1",
    amount=Decimal("1050.00"),
    currency="EUR",
    payment_date=date(2026, 3, 2),
    external_id="paysdk:notify:default:p1",
    invoice_id="1",
    invoice_number="A-1",
    client_name="Ann\x1b[31m",
    total=Decimal("1050.00"),
    balance=None,
    seen_due=Decimal("1050.00"),
    seen_status="open",
    due_after=Decimal(0),
    rule="only_pair",
)
BOOKING = Booking(
    key=BookingKey("notify", "default", "p1"),
    target="books",
    target_account="default",
    run="1",
    state=State.DIVERGED,
    step=3,
    fence=1,
    line=LINE,
    payment_ids=("7", "8"),
    details={"reason": "booked_twice", "sentence": "It was booked twice."},
    since=datetime(2026, 3, 2, tzinfo=UTC),
)


def make_plan(**fields: Any) -> BookingPlan:  # noqa: ANN401  # the fields of a plan
    """Make a plan with these lines."""
    plan = BookingPlan(
        source="notify",
        source_account="default",
        target="books",
        target_account="default",
        made_at=datetime(2026, 3, 5, tzinfo=UTC),
        policy=BOOKS_POLICY,
    )
    return attrs.evolve(plan, **fields)


def words(text: str) -> str:
    """Return a table without its layout."""
    return " ".join(text.split())


def test_a_plan_has_two_tables_and_its_totals(capsys: pytest.CaptureFixture[str]) -> None:
    """What fits best is shown for a payment for review, and control characters are not."""
    review = ReviewLine(
        side="notify",
        payment_id="p2",
        number=None,
        amount=Decimal("7.5"),
        currency="EUR",
        payment_date=None,
        reason="no_number",
        sentence="It has no number.",
        nearest="invoice 9",
    )
    plan = make_plan(lines=(LINE,), review=(review,), left_out={"booked": 2})
    print_plan(plan)
    shown = capsys.readouterr().out

    assert "WOULD BE BOOKED" in shown
    assert "p1 A-1 2026-03-02" in words(shown)
    assert "1,050.00 EUR" in words(shown)
    assert "\x1b[31m" not in shown
    assert "FOR REVIEW" in shown
    assert "It has no number. Nearest: invoice 9 Payment: p2" in words(shown)
    assert [
        "1 to book: 1,050.00 EUR. 1 for review.",
        "Left out: 2 booked already.",
        "Account: 77 (1090 - Clearing).",
        f"Digest: {plan.digest}",
    ] == shown.splitlines()[-4:]


def test_what_is_left_out_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Each reason has its number."""
    print_plan(make_plan(left_out={"too_recent": 3}))

    assert "Left out: 3 " in capsys.readouterr().out


def test_what_still_differs_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """An invoice on which the systems would disagree after the plan has a sentence."""
    print_plan(make_plan(lines=[attrs.evolve(LINE, balance=Decimal("10.00"))]))

    assert "After this plan, 0 is due on A-1 in books, and 10.00 in notify." in words(
        capsys.readouterr().out
    )


def test_an_empty_plan_has_no_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is left out either."""
    plan = make_plan()
    print_plan(plan)

    assert [
        "From notify (default) to books (default), made at 2026-03-05 00:00 UTC.",
        "",
        "0 to book: nothing. 0 for review.",
        "Account: 77 (1090 - Clearing).",
        f"Digest: {plan.digest}",
    ] == capsys.readouterr().out.splitlines()


def test_bookings_are_a_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has one booking on each line, with exact amounts."""
    print_bookings([BOOKING], "table")
    assert "p1 A-1 diverged 1,050.00 EUR It was booked twice. 1 diverged." in words(
        capsys.readouterr().out
    )
    print_bookings([BOOKING], "json")
    assert {
        "payment_id": "p1",
        "generation": 1,
        "invoice": "A-1",
        "amount": "1050.00",
        "state": "diverged",
        "payments": ["7", "8"],
        "details": {"reason": "booked_twice", "sentence": "It was booked twice."},
    } == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("output_format", "shown"),
    [
        ("table", "     2  booked\n     1  unknown\n"),
        ("json", '{"booked": 2, "unknown": 1}\n'),
    ],
)
def test_states_are_counted(
    capsys: pytest.CaptureFixture[str], output_format: str, shown: str
) -> None:
    """Each state is on a line, or in one object."""
    print_states({State.BOOKED: 2, State.UNKNOWN: 1}, output_format)

    assert shown == capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (State.UNKNOWN, State.APPROVED, "the next apply sends it once more"),
        (State.DRAFTED, State.BOOKED, "Nothing was released, because the order was found"),
        (State.VOID_REQUESTED, State.BOOKED, "Released. Nothing was sent. The payment is still"),
        (State.VOID_REQUESTED, State.VOIDED, "Nothing was released, because the payment is voided"),
        (State.UNKNOWN, State.DIVERGED, "The two systems do not agree"),
    ],
)
def test_a_release_says_what_it_did(before: State, after: State, said: str) -> None:
    """It also says what it did not do."""
    assert said in describe_release(before, after)


def test_an_approval_names_its_sums() -> None:
    """Each currency has a sum, in which lines that were left out do not count."""
    yen = attrs.evolve(LINE, currency="JPY", amount=Decimal(7000))
    huge = attrs.evolve(LINE, amount=Decimal("1e30"))
    skipped = attrs.evolve(BOOKING, state=State.SKIPPED)
    approved = [attrs.evolve(BOOKING, line=line, state=State.APPROVED) for line in (LINE, yen)]

    assert "Ann approved 2 lines of the plan 0123456789ab: 1,050.00 EUR, 7,000 JPY." == (
        describe_approval("Ann", "0123456789abcdef", approved)
    )
    assert "Ann approved 1 line of the plan 1: 1,050.00 EUR. Left out: 1." == (
        describe_approval("Ann", "1", [approved[0], skipped])
    )
    assert "Ann approved 0 lines of the plan 1: nothing." == describe_approval("Ann", "1", [])
    assert "1,000,000,000,000,000,000,000,000,001,050.00 EUR" in describe_approval(
        "Ann", "1", [approved[0], attrs.evolve(approved[0], line=huge)]
    )


def test_a_sentence_names_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """The message of an error names methods for programs."""
    sentence = "Nothing was sent. If the order was rejected, call release_orders(1) and pay again."
    print_bookings([attrs.evolve(BOOKING, details={"sentence": sentence})], "table")

    assert "release it with 'paysdk book release'." in words(capsys.readouterr().out)


def test_a_sentence_has_grouped_amounts(capsys: pytest.CaptureFixture[str]) -> None:
    """They look like those of the table. An id has no groups."""
    sentence = "The amount of payment 12345 is 12000.50, and 1050.00 is due."
    print_bookings([attrs.evolve(BOOKING, details={"sentence": sentence})], "table")

    shown = words(capsys.readouterr().out)
    assert "The amount of payment 12345 is 12,000.50, and 1,050.00 is due." in shown


def test_only_lines_without_a_known_outcome_wait() -> None:
    """Orders and voids have sentences of their own, with the command."""
    states = {
        State.UNKNOWN: 1,
        State.DRAFTED: 2,
        State.VOID_REQUESTED: 4,
        State.BOOKED: 5,
        State.CLAIMED: 6,
        State.SENT: 1,
    }

    held, orders, voids = describe_waits(states)

    assert held.startswith("Lines that another apply has begun: 7.")
    assert orders.startswith("Orders without a known outcome: 3.")
    assert voids.startswith("Voids without a known outcome: 4.")
    assert orders.count("paysdk book release PLAN") == 1 == voids.count("paysdk book release PLAN")
    assert not list(describe_waits({State.BOOKED: 1}))
