"""Open orders, and the journal in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from paysdk.orders import MemoryJournal, OpenOrder, OrderJournal

SENT = OpenOrder(id="b", sent_at=datetime(2026, 1, 1, tzinfo=UTC), details="{}")
LATER = OpenOrder(id="a", sent_at=SENT.sent_at + timedelta(seconds=1), details="{}")


async def test_a_journal_returns_its_orders_oldest_first() -> None:
    """The order of recording and the ids do not matter."""
    journal = MemoryJournal()
    for order in (LATER, SENT):
        await journal.record_sent(order)

    assert [SENT, LATER] == list(await journal.read_open())
    assert isinstance(journal, OrderJournal)


async def test_a_journal_keeps_the_last_entry_of_an_order() -> None:
    """A second entry with the same id replaces the first."""
    journal = MemoryJournal()
    drafted = OpenOrder(id=SENT.id, sent_at=SENT.sent_at, details=SENT.details, drafted=True)
    for order in (SENT, drafted):
        await journal.record_sent(order)

    assert [drafted] == list(await journal.read_open())


async def test_a_settled_order_is_no_longer_open() -> None:
    """An order that the journal does not have can be settled too."""
    journal = MemoryJournal()
    await journal.record_sent(SENT)
    for order_id in (SENT.id, LATER.id):
        await journal.record_settled(order_id)

    assert 0 == len(journal)
