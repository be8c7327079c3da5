"""Reading single payments from the store."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from paysdk.booking.source import find_new, read_feed_position, read_named, read_payments

if TYPE_CHECKING:
    from .conftest import Story


async def test_payments_are_read_by_their_ids_and_names(each_story: Story) -> None:
    """Those of another provider or account are not read, and one that vanished says so."""
    story = each_story
    for name in ("paysdk:notify:default:1", "paysdk:notify:default:1", "receipt-1"):
        story.pay("A-1", "50.00", total="100.00", external_id=name)
    await story.sync()
    del story.source.payments[1]
    await story.sync()
    where = (story.store, "notify", "default")

    by_id = await read_payments(*where, ["p2", "p3", "p9"])
    by_name = await read_named(*where, ["paysdk:notify:default:1", "paysdk:notify:default:2"])

    assert {("p2", True), ("p3", False)} == {
        (each.payment.id, each.vanished_at is not None) for each in by_id
    }
    assert {"p1", "p2"} == {each.payment.id for each in by_name}
    assert [] == await read_payments(*where, [])
    assert [] == await read_named(*where, ["receipt-1"])
    assert [] == await read_payments(story.store, "notify", "other", ["p1"])
    assert [] == await read_payments(story.store, "books", "default", ["p1"])


async def test_a_payment_that_came_or_changed_after_a_position_is_new(each_story: Story) -> None:
    """It may be another counterpart than the one that a plan compared."""
    story = each_story
    before = await read_feed_position(story.store)
    for number in ("A-1", "A-2", "A-3", "A-4"):
        story.pay(number, "50.00", total="100.00")
    await story.sync()
    after = await read_feed_position(story.store)
    where = (story.store, "notify", "default", ["p1", "p2", "p3", "p9"])

    assert {"p1", "p2", "p3", "p9"} == await find_new(*where, after=before)
    assert {"p9"} == await find_new(*where, after=after)

    paid = story.source.payments
    paid[0] = attrs.evolve(paid[0], amount=Decimal("49.00"))
    paid[1] = attrs.evolve(paid[1], source="another word")
    paid[3] = attrs.evolve(paid[3], amount=Decimal("49.00"))
    await story.sync()
    assert {"p1", "p9"} == await find_new(*where, after=after)
