"""What paysdk writes into the journal of open orders, and what happens if that fails."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk.errors import ConfigurationError, OutcomeUnknownError
from paysdk.events import Event, RequestSent
from paysdk.orders import MemoryJournal, OpenOrder
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, status
from tests.providers.campfire.paying.orders import PLAIN, UNNAMED, ids, open_at, pay, posts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Journal(MemoryJournal):
    """A journal that notes each call, and fails in the calls that a test names."""

    def __init__(self, fails: Sequence[str] = ()) -> None:
        super().__init__()
        self.fails = fails
        self.told: list[str] = []

    def _note(self, what: str) -> None:
        self.told.append(what)
        if what in self.fails:
            raise OSError(f"{what}: the disk is full")

    async def read_open(self) -> Sequence[OpenOrder]:
        self._note("read")
        return await super().read_open()

    async def record_sent(self, order: OpenOrder) -> None:
        self._note("draft" if order.drafted else "sent")
        await super().record_sent(order)

    async def record_settled(self, order_id: str) -> None:
        self._note("settled")
        await super().record_settled(order_id)


def kept_in(journals: dict[str, Journal], fails: Sequence[str] = ()) -> Callable[[str], Any]:
    """An ``exclusive`` that yields the journal of each name."""
    return lambda name: nullcontext(journals.setdefault(name, Journal(fails)))


async def test_a_journal_is_told_before_anything_is_sent_and_afterwards() -> None:
    """The journal of each name is read, and gets an entry before and after the order is sent."""
    journals: dict[str, Journal] = {}
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=kept_in(journals)) as campfire,
    ):
        await pay(campfire, PLAIN)
    assert [["read", "sent", "settled", "read"]] * 2 == [
        journal.told for journal in journals.values()
    ]
    assert [0, 0] == [len(journal) for journal in journals.values()]


async def test_a_journal_that_outlives_the_process() -> None:
    """Another object with the same journals sends nothing until it finds and settles the order."""
    journals: dict[str, Journal] = {}
    async with CampfireSandbox(payments=0, commits_late=True) as sandbox:
        for _ in range(2):
            async with open_at(sandbox, exclusive=kept_in(journals)) as campfire:
                with pytest.raises(OutcomeUnknownError):
                    await pay(campfire, PLAIN)
        sandbox.book_held()
        async with open_at(sandbox, exclusive=kept_in(journals)) as campfire:
            assert ids(sandbox) == (await pay(campfire, PLAIN)).payment_ids
        assert 1 == posts(sandbox)
    assert [0, 0] == [len(journal) for journal in journals.values()]


@pytest.mark.parametrize("part", ["read", "sent"])
async def test_a_journal_that_fails_before_the_order_goes_out(part: str) -> None:
    """Nothing is sent, the journal's error is raised, and the name is free afterwards."""
    journals: dict[str, Journal] = {}
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=kept_in(journals, [part])) as campfire,
    ):
        with pytest.raises(OSError, match=f"{part}: the disk is full"):
            await pay(campfire, PLAIN)
        assert 0 == posts(sandbox)
        for journal in journals.values():
            journal.fails = ()
        assert 1 == len((await pay(campfire, PLAIN)).payment_ids)


@pytest.mark.parametrize("fails", [["settled"], ["draft"]])
async def test_a_journal_that_fails_after_the_order_went_out(
    fails: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The outcome is returned, and a warning says that it was not written down."""
    journals: dict[str, Journal] = {}
    async with CampfireSandbox(payments=0, drafts=fails == ["draft"]) as sandbox:
        async with open_at(sandbox, exclusive=kept_in(journals, fails)) as campfire:
            outcome = await pay(campfire, PLAIN)
            assert (ids(sandbox), fails == ["draft"]) == (outcome.payment_ids, outcome.drafted)
            assert "could not be written down" in caplog.text
            if not outcome.drafted:
                assert outcome.payment_ids == (await pay(campfire, PLAIN)).payment_ids
        assert 1 == posts(sandbox)


async def test_a_journal_that_cannot_be_read_after_the_order_was_booked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The order is booked, and the outcome says so."""
    journals: dict[str, Journal] = {}
    async with CampfireSandbox(payments=0) as sandbox:

        def spoil(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "POST":
                for journal in journals.values():
                    journal.fails = ["read"]

        async with open_at(sandbox, exclusive=kept_in(journals), on_event=spoil) as campfire:
            assert 1 == len((await pay(campfire, PLAIN)).payment_ids)
            assert "could not be read" in caplog.text


async def test_a_name_that_is_lost_while_waiting_to_send_again() -> None:
    """After a 429 the order is written down again, and is not sent if that fails."""
    journals: dict[str, Journal] = {}
    faults = FaultPlan().on(1, status(429), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox:

        def lose(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "POST":
                for journal in journals.values():
                    journal.fails = ["sent"]

        async with open_at(sandbox, exclusive=kept_in(journals), on_event=lose) as campfire:
            for order in (PLAIN, UNNAMED):
                with pytest.raises(OSError, match="the disk is full"):
                    await pay(campfire, order)
        assert 1 == posts(sandbox)
        assert () == ids(sandbox)


async def test_an_open_order_that_cannot_be_read() -> None:
    """If another version of paysdk left an order that this one cannot read, nothing is sent."""
    journals: dict[str, Journal] = {}
    async with CampfireSandbox(payments=0, commits_late=True) as sandbox:
        async with open_at(sandbox, exclusive=kept_in(journals)) as campfire:
            with pytest.raises(OutcomeUnknownError):
                await pay(campfire, PLAIN)
            for journal in journals.values():
                journal._orders = {
                    name: attrs.evolve(order, details='{"to come": 1}')
                    for name, order in journal._orders.items()
                }
            with pytest.raises(ConfigurationError, match="Another version of paysdk"):
                await pay(campfire, PLAIN)
        assert 1 == posts(sandbox)
