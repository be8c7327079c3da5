"""The file of a plan."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs
import pytest

from paysdk import ConfigurationError
from paysdk.booking import BookingPlan

if TYPE_CHECKING:
    from .conftest import Story


async def test_a_plan_is_the_same_after_reading_it_back(story: Story) -> None:
    """Amounts keep their digits."""
    story.add("A-1", "100.10")
    story.pay("A-2", "5.00", total="5.00")
    plan = await story.plan()

    again = BookingPlan.from_json(plan.to_json())

    assert (plan, plan.digest) == (again, again.digest)
    assert {"EUR": Decimal("100.10")} == again.totals
    assert "100.10" == json.loads(plan.to_json())["plan"]["lines"][0]["amount"]


async def test_a_plan_without_a_position_keeps_its_digest(story: Story) -> None:
    """Plans that an older version made have none, and can still be undone."""
    plan = attrs.evolve(await story.plan(), feed_position=0)

    text = plan.to_json()

    assert "feed_position" not in json.loads(text)["plan"]
    assert plan == BookingPlan.from_json(text)


async def test_the_order_names_the_payment(story: Story) -> None:
    """Its memo says whose payment it is."""
    story.add("A-1", "100.10")
    plan = await story.plan()
    story.source.name = "mollie"
    story.change("p1", provider="mollie")
    other = await story.plan(source="mollie")

    orders = [each.lines[0].to_order(each.policy) for each in (plan, other)]

    assert ["Notify payment p1", "Payment p1"] == [order.memo for order in orders]
    assert [77, 77] == [order.account_id for order in orders]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "This is not a plan"),
        ("plan", "This is not a plan"),
        ("[]", "This is not a plan"),
        ('{"format": "paysdk booking plan 1", "plan": {}}', "This plan cannot be read"),
    ],
)
def test_another_file_is_refused(text: str, message: str) -> None:
    """It may be any file."""
    with pytest.raises(ConfigurationError, match=message):
        BookingPlan.from_json(text)


async def test_a_changed_plan_is_refused(story: Story) -> None:
    """The digest covers every figure."""
    story.add("A-1", "100.10")
    text = (await story.plan()).to_json().replace('"100.10"', '"100.11"')

    with pytest.raises(ConfigurationError, match="This plan was changed"):
        BookingPlan.from_json(text)
