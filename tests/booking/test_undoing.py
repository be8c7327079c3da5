"""Undoing bookings."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import date
from itertools import count
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import APIError, AuthenticationError, ConfigurationError, PermissionDeniedError
from paysdk.booking import (
    BookingCapabilities,
    BookingJournal,
    State,
    apply_bookings,
    undo_bookings,
)
from paysdk.testing.booking import FakeBooks
from tests.booking.steps import the_booking

if TYPE_CHECKING:
    from paysdk.booking import UndoReport

    from .conftest import Story


async def undo(story: Story, run: str, **options: Any) -> UndoReport:
    """Undo a run for a reason."""
    options = {"by": "Ann", "reason": "wrong account", **options}
    return await undo_bookings(story.store, run, target=story.books, **options)


async def booked(story: Story, *, lines: int = 1) -> str:
    """Book some lines, and return their run."""
    for number in range(lines):
        story.add(f"A-{number}", "60.00")
    run = await story.approve()
    await apply_bookings(story.store, run, target=story.books)
    return run


async def test_a_run_is_undone_as_a_whole_or_in_part(each_story: Story) -> None:
    """The payments are voided, and the history has the name and the reason."""
    story = each_story
    run = await booked(story, lines=3)

    part = await undo(story, run, payment_ids=["p1"], void_date=date(2026, 3, 9))
    assert ({State.VOIDED: 1}, {}) == (part.states, part.failures)
    assert {"1": date(2026, 3, 9), "2": None, "3": None} == {
        each.id: each.voided_date for each in story.books.payments.values()
    }
    assert {State.VOIDED: 3} == (await undo(story, run)).states
    last = (await BookingJournal(story.store).history((await the_booking(story)).key))[-1]
    assert {"by": "Ann", "why": "wrong account"} == last.details


async def test_what_was_not_sent_is_left_out(story: Story) -> None:
    """It is not booked by a later call."""
    story.add("A-1", "60.00")
    run = await story.approve()

    assert {State.SKIPPED: 1} == (await undo(story, run)).states
    assert {State.SKIPPED: 1} == (await apply_bookings(story.store, run, target=story.books)).states
    assert not story.books.payments


@pytest.mark.parametrize(
    ("fault", "state"), [("lost", State.VOID_REQUESTED), ("timeout", State.VOID_REQUESTED)]
)
async def test_a_void_whose_outcome_is_unknown_is_looked_up(
    story: Story, fault: Any, state: State
) -> None:
    """A second call finds it, or voids it."""
    run = await booked(story)
    story.books.faults = deque([fault])

    report = await undo(story, run)

    assert ({state: 1}, {"p1": "The response to the void was lost."}) == (
        report.states,
        report.failures,
    )
    assert {State.VOIDED: 1} == (await undo(story, run)).states


@attrs.define(eq=False)
class Refusing(FakeBooks):
    """Books that refuse a void, or seem to do it and do not."""

    error: Exception | None = None

    async def void(self, _: str, payment_id: str, __: Any) -> Any:
        if self.error is not None:
            raise self.error
        return self.payments[payment_id]


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (PermissionDeniedError("no", status=403), State.DIVERGED, "void_refused"),
        (ConfigurationError("Stripe"), State.DIVERGED, "void_refused"),
        (AuthenticationError("key", status=401), State.VOID_REQUESTED, "void_unknown"),
        (APIError("slow", status=408), State.VOID_REQUESTED, "void_unknown"),
        (None, State.VOID_REQUESTED, "void_unknown"),
    ],
    ids=repr,
)
async def test_a_payment_that_is_still_live_is_not_undone(
    story: Story, error: Exception | None, state: State, reason: str
) -> None:
    """A refusal is for a person, and anything else is tried again."""
    story.books = Refusing(error=error)
    run = await booked(story)

    assert {state: 1} == (await undo(story, run)).states
    assert reason == (await the_booking(story)).reason


async def test_a_payment_that_vanished_cannot_be_undone(story: Story) -> None:
    """It may be there and not visible, so nothing is called voided."""
    run = await booked(story)
    story.books.payments.clear()

    report = await undo(story, run)

    assert {State.DIVERGED: 1} == report.states
    assert "Nothing was voided" in report.failures["p1"]


async def test_an_outage_frees_the_booking(story: Story) -> None:
    """The next call can take it at once."""
    run = await booked(story)
    story.books.reads_fail = True
    report = await undo(story, run)
    story.books.reads_fail = False

    assert ({State.BOOKED: 1}, ["p1"]) == (report.states, [*report.failures])
    assert {State.VOIDED: 1} == (await undo(story, run)).states


async def test_a_booking_that_another_worker_has_is_left_alone(story: Story) -> None:
    """The report says so."""
    run = await booked(story)
    await BookingJournal(story.store).take(await the_booking(story))

    report = await undo(story, run)

    assert {State.BOOKED: 1} == report.states
    assert {"p1": "Another worker has this booking. Try again later."} == report.failures


async def test_a_payment_that_the_run_has_not_booked_cannot_be_undone(story: Story) -> None:
    """A mistyped id is not taken for done, and nothing is voided."""
    run = await booked(story)

    with pytest.raises(ConfigurationError, match="no booking of payment p8, p9"):
        await undo(story, run, payment_ids=["p9", "p1", "p8"])
    assert State.BOOKED is (await the_booking(story)).state


async def test_each_booking_is_reported_when_it_was_tried(story: Story) -> None:
    """The command shows so how far it is."""
    run = await booked(story, lines=2)
    seen: list[str] = []

    await undo(story, run, on_booking=lambda each: seen.append(each.key.payment_id))

    assert ["p1", "p2"] == seen


async def test_an_undo_needs_a_name_a_reason_and_a_target_that_can_void(story: Story) -> None:
    """Nothing is sent without them."""
    run = await booked(story)

    with pytest.raises(ConfigurationError, match="by must be a non-empty string"):
        await undo(story, run, by=" ")
    with pytest.raises(ConfigurationError, match="reason must be a non-empty string"):
        await undo(story, run, reason="")
    story.books.capabilities = BookingCapabilities(previews=True, voids=False)
    with pytest.raises(ConfigurationError, match="books cannot void payments"):
        await undo(story, run)


async def test_what_another_worker_voids_meanwhile_is_no_failure(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The payment is voided, whoever did it."""
    run = await booked(story)
    take = BookingJournal.take

    async def take_too_late(journal: BookingJournal, *arguments: Any) -> Any:
        monkeypatch.setattr(BookingJournal, "take", take)
        await undo(story, run)
        return await take(journal, *arguments)

    monkeypatch.setattr(BookingJournal, "take", take_too_late)
    report = await undo(story, run)

    assert ({State.VOIDED: 1}, {}) == (report.states, report.failures)


async def test_a_line_that_a_dead_worker_has_begun_is_left_out(story: Story) -> None:
    """A later apply does not book it."""
    story.add("A-1", "60.00")
    run = await story.approve()
    await BookingJournal(story.store, 0).take(await the_booking(story), State.CLAIMED)

    assert {State.SKIPPED: 1} == (await undo(story, run)).states
    assert {State.SKIPPED: 1} == (await apply_bookings(story.store, run, target=story.books)).states


async def test_an_order_that_a_dead_worker_has_sent_is_found_and_voided(story: Story) -> None:
    """It is looked up first."""
    run = await booked(story)
    async with story.store._database.transaction(writes=True) as connection:
        await connection.exec_driver_sql("UPDATE paysdk_bookings SET state = 'sent'")

    assert {State.VOIDED: 1} == (await undo(story, run)).states


async def test_a_line_that_another_worker_is_sending_is_a_failure(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be booked after the undo, so the report does not call the run undone."""
    for number in range(2):
        story.add(f"A-{number}", "60.00")
    run = await story.approve()
    commit, undone = FakeBooks._commit, list[Any]()

    def undo_meanwhile(books: FakeBooks, order: Any) -> list[str]:
        monkeypatch.setattr(FakeBooks, "_commit", commit)
        undone.append(asyncio.ensure_future(undo(story, run)))
        return commit(books, order)

    monkeypatch.setattr(FakeBooks, "_commit", undo_meanwhile)
    retrieve = FakeBooks.retrieve_invoice

    async def wait_for_the_undo(books: FakeBooks, invoice_id: str) -> Any:
        await asyncio.gather(*undone)
        return await retrieve(books, invoice_id)

    monkeypatch.setattr(FakeBooks, "retrieve_invoice", wait_for_the_undo)
    await apply_bookings(story.store, run, target=story.books)
    report = await undone[0]

    assert {State.SENT: 1, State.SKIPPED: 1} == report.states
    assert {"p1": "Another worker is booking it. Undo it again when that has ended."} == (
        report.failures
    )
    assert {State.SKIPPED: 1, State.VOIDED: 1} == (await undo(story, run)).states


async def test_what_is_booked_during_an_undo_is_undone_too(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An apply may end after the undo has begun."""
    story.add("A-1", "60.00")
    story.add("A-2", "60.00")
    run = await story.approve(leave_out=["p2"])
    read, calls = BookingJournal.read_run, count()

    async def book_meanwhile(journal: BookingJournal, *arguments: Any) -> Any:
        found = await read(journal, *arguments)
        if next(calls) == 0:
            monkeypatch.setattr(BookingJournal, "read_run", read)
            await apply_bookings(story.store, run, target=story.books)
        return found

    monkeypatch.setattr(BookingJournal, "read_run", book_meanwhile)
    assert {State.SKIPPED: 1, State.VOIDED: 1} == (await undo(story, run)).states


async def test_a_payment_of_others_is_not_voided(story: Story) -> None:
    """It was taken for ours, until ours was found under its external id."""
    run = await booked(story)
    await story.sync()
    line = (await the_booking(story)).line
    story.books.change_payment("1", external_id=None)
    ours = story.books.add_payment(line.invoice_id, line.amount, line.payment_date)
    story.books.change_payment(ours.id, external_id=line.external_id)

    assert {State.VOIDED: 1} == (await undo(story, run)).states
    assert ["1"] == [each.id for each in story.books.payments.values() if not each.is_voided]
