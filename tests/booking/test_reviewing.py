"""What a person must look at in a plan."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs
import pytest

from paysdk.booking import apply_bookings, plan_bookings

if TYPE_CHECKING:
    from paysdk.booking import BookingPlan

    from .conftest import Story


def reasons(plan: BookingPlan) -> dict[str, str]:
    """Why each payment is for review."""
    return {line.payment_id: line.reason for line in plan.review}


async def test_a_near_number_is_looked_for_as_the_policy_maps_it(story: Story) -> None:
    """One without the prefix is looked for as it is."""
    story.books.add_invoice("INV-0077", Decimal(5))
    story.pay("N-77", "5.00", total="5.00")
    story.pay("X-77", "5.00", total="5.00")
    story.policy = attrs.evolve(story.policy, strip_prefix="N-", number_prefix="INV-")

    plan = await story.plan()

    assert {"p1": "no_invoice", "p2": "no_number"} == reasons(plan)
    assert all("number INV-0077" in str(line.nearest) for line in plan.review)


@pytest.mark.parametrize("deleted", [True, False])
async def test_a_booked_payment_that_is_for_review_is_looked_up(
    story: Story, *, deleted: bool
) -> None:
    """Somebody has booked another amount on its invoice, and may have deleted it."""
    story.add("A-1", "60.00", total="100.00")
    run = await story.approve()
    await apply_bookings(story.store, run, target=story.books)
    story.books.add_payment(next(iter(story.books.invoices)), Decimal(30), date(2026, 3, 2))
    booked = story.books.payments.pop("1")
    await story.sync()
    if not deleted:
        story.books.payments["1"] = booked

    plan = await plan_bookings(story.store, target=story.books)

    assert {"p1": "diverged" if deleted else "only_pair"} == reasons(plan)
