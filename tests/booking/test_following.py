"""Following bookings after a sync."""

from __future__ import annotations

from collections import deque
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk.booking import (
    BookingJournal,
    BookingKey,
    BookingTakenError,
    FollowReport,
    State,
    apply_bookings,
    approve_plan,
    follow_bookings,
    release_booking,
    undo_bookings,
)
from tests.booking.steps import apply, the_booking

if TYPE_CHECKING:
    from paysdk.booking import Booking

    from .conftest import Story

DAY = date(2026, 3, 2)


async def follow(story: Story) -> FollowReport:
    """Sync and follow."""
    await story.sync()
    return await follow_bookings(story.store)


async def booked(story: Story, fault: Any = None) -> None:
    """Book a payment."""
    story.add("A-1", "60.00")
    run = await story.approve()
    story.books.faults = deque([fault])
    await apply_bookings(story.store, run, target=story.books)


async def test_our_own_payment_is_adopted(each_story: Story) -> None:
    """The order whose outcome was unknown is booked, and gets its id."""
    await booked(each_story, "lost")

    assert FollowReport(adopted=1) == await follow(each_story)
    booking = await the_booking(each_story)
    assert (State.BOOKED, ("1",), False) == (
        booking.state,
        booking.payment_ids,
        booking.details["verified"],
    )
    assert FollowReport() == await follow(each_story)
    assert not (await each_story.plan()).lines


async def test_an_adopted_payment_of_another_sum_diverges(story: Story) -> None:
    """It is not what was ordered."""
    await booked(story, "lost")
    story.books.change_payment("1", amount=Decimal(61))

    assert FollowReport(diverged={"booked_twice": 1}) == await follow(story)


async def test_an_order_that_is_not_there_stays_unknown(story: Story) -> None:
    """It may still be booked."""
    await booked(story, "timeout")

    assert FollowReport() == await follow(story)
    assert State.UNKNOWN is (await the_booking(story)).state


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"amount": Decimal(59)}, "edited_in_target"),
        ({"currency": "USD"}, "edited_in_target"),
        ({"payment_date": date(2026, 5, 5)}, "edited_in_target"),
        ({"voided_date": date(2026, 5, 5)}, "voided_in_target"),
        (None, "vanished_in_target"),
    ],
    ids=str,
)
async def test_what_a_person_changes_in_the_target_diverges(
    story: Story, fields: dict[str, Any] | None, reason: str
) -> None:
    """It is never booked again by itself."""
    await booked(story)
    await follow(story)
    if fields is None:
        story.books.payments.clear()
    else:
        story.books.change_payment("1", **fields)

    assert FollowReport(diverged={reason: 1}) == await follow(story)
    assert FollowReport() == await follow(story)
    plan = await story.plan()
    assert () == plan.lines
    assert State.DIVERGED is (await the_booking(story)).state


async def test_a_payment_on_another_invoice_diverges(story: Story) -> None:
    """Somebody moved it."""
    await booked(story)
    moved = attrs.evolve(story.books.payments["1"].invoice, id="9")
    story.books.change_payment("1", invoice=moved)

    assert FollowReport(diverged={"edited_in_target": 1}) == await follow(story)


async def test_what_changes_at_the_source_diverges_and_may_heal(story: Story) -> None:
    """The source may correct it again."""
    await booked(story)
    story.change("p1", amount=Decimal(61))

    assert FollowReport(diverged={"source_changed": 1}) == await follow(story)
    assert (
        "61 of 2026-03-02 for invoice A-1 instead of 60.00" in (await the_booking(story)).sentence
    )
    assert "undo this booking" in (await the_booking(story)).sentence
    story.change("p1", amount=Decimal("60.00"))
    assert FollowReport(healed=1) == await follow(story)
    story.source.payments.clear()
    assert FollowReport(diverged={"source_vanished": 1}) == await follow(story)


async def test_what_diverged_says_what_is_true_now(each_story: Story) -> None:
    """The figures may change again for the same reason."""
    story = each_story
    await booked(story)
    await story.sync()
    for amount in ("61", "62"):
        story.change("p1", amount=Decimal(amount))
        assert FollowReport(diverged={"source_changed": 1}) == await follow(story)
        assert f"The source now has {amount} of" in (await the_booking(story)).sentence
    story.change("p1", amount=Decimal("60.00"))
    for amount in ("50", "40"):
        story.books.change_payment("1", amount=Decimal(amount))
        assert FollowReport(diverged={"edited_in_target": 1}) == await follow(story)
        assert f"The live payment 1 is {amount} instead" in (await the_booking(story)).sentence


async def test_a_divergence_that_a_look_up_found_stays(story: Story) -> None:
    """The store may be older than the look-up."""
    story.add("A-1", "60.00")
    run = await story.approve()
    story.books.faults = deque(["lost"])
    await apply_bookings(story.store, run, target=story.books)
    story.books.change_payment("1", amount=Decimal(70))
    await apply_bookings(story.store, run, target=story.books, rest=0)
    story.books.change_payment("1", amount=Decimal("60.00"))

    assert FollowReport() == await follow(story)
    story.change("p1", amount=Decimal(61))
    assert FollowReport() == await follow(story)
    assert "booked_twice" == (await the_booking(story)).reason


async def test_a_booking_that_another_worker_has_is_left_for_the_next_time(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It also may be taken over meanwhile."""
    await booked(story, "lost")
    await BookingJournal(story.store).take(await the_booking(story))
    assert FollowReport() == await follow(story)

    async def lose(*_: object, **__: object) -> None:
        raise BookingTakenError

    await BookingJournal(story.store).free(await the_booking(story))
    monkeypatch.setattr(BookingJournal, "move", lose)
    assert FollowReport() == await follow(story)


async def test_a_booking_that_is_being_undone_is_left_alone(story: Story) -> None:
    """The undo says what came of it."""
    await booked(story)
    await story.sync()
    story.books.faults = deque(["timeout"])
    run = (await the_booking(story)).run
    await undo_bookings(story.store, run, target=story.books, by="Ann", reason="test")
    story.books.change_payment("1", voided=True)

    assert FollowReport() == await follow(story)
    assert State.VOID_REQUESTED is (await the_booking(story)).state


async def test_a_second_payment_under_the_external_id_diverges(each_story: Story) -> None:
    """The first order was released, sent again, and booked after all."""
    story = each_story
    await booked(story)
    order = (await the_booking(story)).line.to_order(story.policy)
    await follow(story)

    story.books.held.append(order)
    story.books.commit_late()

    assert FollowReport(diverged={"booked_twice": 1}) == await follow(story)
    booking = await the_booking(story)
    assert ("1", "2") == booking.payment_ids
    assert "The live payments 1, 2 add up to 120.00 instead of 60.00." == booking.sentence


async def test_a_refused_order_that_was_booked_is_adopted(each_story: Story) -> None:
    """A proxy may refuse an order that it has passed on."""
    story = each_story
    await booked(story, "refused")
    refused = await the_booking(story)
    assert FollowReport() == await follow(story)

    paid = story.books.add_payment(
        refused.line.invoice_id, Decimal("60.00"), DAY, refused.line.external_id
    )

    assert (State.REFUSED, FollowReport(adopted=1)) == (refused.state, await follow(story))
    assert (State.BOOKED, (paid.id,)) == (
        (await the_booking(story)).state,
        (await the_booking(story)).payment_ids,
    )


@pytest.mark.parametrize("approves", [False, True])
async def test_a_line_that_is_booked_before_it_is_sent_is_adopted(
    each_story: Story, *, approves: bool
) -> None:
    """A restored backup forgets the order. An undo then voids the payment."""
    story = each_story
    story.add("A-1", "60.00")
    plan = await story.plan()
    if approves:
        await approve_plan(story.store, plan, by="Ann", limit=Decimal(60))
    line = plan.lines[0]
    story.books.add_payment(line.invoice_id, line.amount, DAY, line.external_id)

    assert FollowReport(adopted=1) == await follow(story)

    report = await undo_bookings(
        story.store, plan.digest, target=story.books, by="Ann", reason="test"
    )
    assert ({State.VOIDED: 1}, []) == (report.states, story.books.live_payments(line.invoice_id))


async def test_a_skipped_line_that_was_booked_in_another_way_diverges(story: Story) -> None:
    """A voided payment under its external id changes nothing."""
    story.add("A-1", "60.00")
    plan = await story.plan()
    await approve_plan(story.store, plan, by="Ann", limit=Decimal(60), leave_out=["p1"])
    line = plan.lines[0]
    story.books.add_payment(line.invoice_id, Decimal(60), DAY, line.external_id)
    story.books.change_payment("1", voided=True)
    assert FollowReport() == await follow(story)

    story.books.change_payment("1", voided=False, amount=Decimal(50))

    assert FollowReport(diverged={"edited_in_target": 1}) == await follow(story)


async def test_a_voided_payment_that_is_live_again_diverges(each_story: Story) -> None:
    """An undo voids it again, or the target does. An older copy of it says nothing."""
    story = each_story
    await booked(story)
    await story.sync()
    run = (await the_booking(story)).run
    await undo_bookings(story.store, run, target=story.books, by="Ann", reason="test")
    assert FollowReport() == await follow_bookings(story.store)
    assert FollowReport() == await follow(story)

    story.books.change_payment("1", voided_date=None, voided=False)
    assert FollowReport(diverged={"live_again": 1}) == await follow(story)
    assert FollowReport() == await follow(story)
    story.books.change_payment("1", voided_date=DAY, voided=True)
    assert FollowReport(healed=1) == await follow(story)
    assert State.VOIDED is (await the_booking(story)).state

    # An order that was released and came late has another id.
    line = (await the_booking(story)).line
    story.books.add_payment(line.invoice_id, line.amount, DAY, line.external_id)
    assert FollowReport(diverged={"live_again": 1}) == await follow(story)
    report = await undo_bookings(story.store, run, target=story.books, by="Ann", reason="late")
    assert ({State.VOIDED: 1}, []) == (
        report.states,
        [each for each in story.books.payments.values() if not each.is_voided],
    )


async def test_a_payment_that_is_live_again_beside_its_second_booking_is_booked_twice(
    each_story: Story,
) -> None:
    """The person ordered to book it again, because the first booking was voided."""
    story = each_story
    story.add("A-1", "60.00", total="200.00")
    await apply(story, await story.approve())
    story.books.change_payment("1", voided=True)
    assert FollowReport(diverged={"voided_in_target": 1}) == await follow(story)
    plan = await story.plan(rebook=["p1"])
    await approve_plan(story.store, plan, by="Ann", limit=Decimal(60))
    await apply(story, plan.digest)
    first, second = await the_booking(story), await _read_second(story)
    assert (State.DIVERGED, State.BOOKED) == (first.state, second.state)

    story.books.change_payment("1", voided=False)

    assert FollowReport(diverged={"booked_twice": 2}) == await follow(story)
    assert (
        "The payment 1 is live, and the same money was also booked with the external id "
        "paysdk:notify:default:p1:g2. Undo one of these bookings."
    ) == (await the_booking(story)).sentence
    assert FollowReport() == await follow(story)
    # A void that is released says that the booking is booked. It is still booked twice.
    story.books.faults = deque(["timeout"])
    await undo_bookings(story.store, first.run, target=story.books, by="Ann", reason="twice")
    options = {"by": "Ann", "reason": "x"}
    booking = await the_booking(story)
    booking = await release_booking(story.store, booking, target=story.books, **options)
    assert State.BOOKED is booking.state
    assert FollowReport(diverged={"booked_twice": 1}) == await follow(story)
    await undo_bookings(story.store, plan.digest, target=story.books, by="Ann", reason="twice")
    # The store still has the payment as it was before its void.
    assert FollowReport(healed=1) == await follow_bookings(story.store)
    assert FollowReport() == await follow(story)
    assert (State.BOOKED, State.VOIDED) == (
        (await the_booking(story)).state,
        (await _read_second(story)).state,
    )


async def test_a_second_booking_that_no_sync_has_seen_may_be_live(story: Story) -> None:
    """The first one does not heal beside it."""
    story.add("A-1", "60.00", total="200.00")
    await apply(story, await story.approve())
    story.books.change_payment("1", voided=True)
    await follow(story)
    plan = await story.plan(rebook=["p1"])
    await approve_plan(story.store, plan, by="Ann", limit=Decimal(60))
    story.books.faults = deque(["late"])
    await apply_bookings(story.store, plan.digest, target=story.books)
    story.books.change_payment("1", voided=False)

    assert FollowReport(diverged={"booked_twice": 1}) == await follow(story)


async def _read_second(story: Story) -> Booking:
    found = await BookingJournal(story.store).read(BookingKey("notify", "default", "p1", 2))
    assert found is not None
    return found
