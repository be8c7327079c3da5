"""Follow the feed of changes."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from paysdk import ConfigurationError
from paysdk.sync import SQLPaymentStore, StoreError, sync_payments
from paysdk.sync.feed import FEED

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    from paysdk import Payment
    from paysdk.sync import Change

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Until = Callable[[Callable[[], object]], Awaitable[None]]

SOON = 0.005
# No test waits this long.
NEVER = 3600.0


async def take(changes: AsyncGenerator[Change], count: int) -> list[tuple[str, str]]:
    """Return the kind and the id of the next changes."""
    found: list[tuple[str, str]] = []
    while len(found) < count:
        change = await anext(changes)
        found.append((change.kind, change.payment_id))
    return found


def reads_of(store: SQLPaymentStore, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A list that grows with each time that the store reads."""
    reads: list[object] = []
    read = store._database.read

    async def count(work: Any) -> Any:  # noqa: ANN401  # of any kind
        found = await read(work)
        reads.append(found)
        return found

    monkeypatch.setattr(store._database, "read", count)
    return reads


async def test_changes_come_as_they_are_written(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """First what is there after the position, and then what later syncs write."""
    shelf.payments = [make(1, 1), make(2, 1)]
    await sync_payments(shelf, store)
    async with aclosing(store.follow(every=SOON)) as changes:
        assert [("created", "1"), ("created", "2")] == await take(changes, 2)
        shelf.payments = [make(1, 2, source="X"), make(2, 1), make(3, 2)]
        await sync_payments(shelf, store)
        assert {("changed", "1"), ("created", "3")} == set(await take(changes, 2))


async def test_begins_after_the_position(shelf: Shelf, store: SQLPaymentStore, make: Make) -> None:
    """What was processed before does not come again."""
    shelf.payments = [make(number, 1) for number in range(5)]
    await sync_payments(shelf, store)
    third = [change.sequence async for change in store.changes()][2]
    async with aclosing(store.follow(third, every=SOON)) as changes:
        assert [("created", "3"), ("created", "4")] == await take(changes, 2)


async def test_more_changes_than_are_read_at_a_time(
    shelf: Shelf, store: SQLPaymentStore, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits only when it has read all that are there."""
    shelf.page_size = 100
    shelf.payments = [make(number, 1) for number in range(25)]
    await sync_payments(shelf, store)
    monkeypatch.setattr("paysdk.sync.follower.BATCH_ROWS", 10)
    monkeypatch.setattr("paysdk.sync.follower.FEED", FEED.limit(10))
    async with aclosing(store.follow(every=NEVER)) as changes:
        assert [("created", str(number)) for number in range(25)] == await take(changes, 25)


@pytest.mark.parametrize("by", [{"account": "b"}, {"provider": "acme", "account": "b"}], ids=str)
async def test_changes_of_one_account(
    shelf: Shelf, store: SQLPaymentStore, make: Make, by: dict[str, Any]
) -> None:
    """Changes of other accounts are left out."""
    async with aclosing(store.follow(every=SOON, **by)) as changes:
        following = asyncio.ensure_future(anext(changes))
        shelf.payments = [make(number, 1) for number in range(3)]
        await sync_payments(shelf, store, "a")
        await sync_payments(shelf, store, "b")
        assert ("b", "0") == ((change := await following).account, change.payment_id)
        assert [("created", "1"), ("created", "2")] == await take(changes, 2)


async def test_changes_of_others_are_looked_at_once(
    shelf: Shelf,
    store: SQLPaymentStore,
    make: Make,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next look begins after them."""
    reads = reads_of(store, monkeypatch)
    shelf.payments = [make(number, 1) for number in range(3)]
    await sync_payments(shelf, store, "a")
    following = asyncio.ensure_future(anext(store.follow(every=SOON, account="b")))
    (follower,) = store._followers
    await until(lambda: reads.count(([], 3)) > 2)
    assert 3 == follower._position
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def test_other_provider(shelf: Shelf, store: SQLPaymentStore, make: Make) -> None:
    """Accounts of two providers may have one name."""
    shelf.payments = [make(1, 1)]
    await sync_payments(shelf, store)
    other = type(shelf)(name="other", payments=[make(2, 1, provider="other")])
    await sync_payments(other, store)
    async with aclosing(store.follow(every=SOON, provider="other")) as changes:
        assert [("created", "2")] == await take(changes, 1)


async def test_postgresql_tells_of_a_change(schema: str, shelf: Shelf, make: Make) -> None:
    """A change that another connection commits comes long before the next look is due."""
    async with (
        SQLPaymentStore(schema) as store,
        SQLPaymentStore(schema) as other,
        aclosing(store.follow(every=NEVER)) as changes,
    ):
        for number in range(3):
            following = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0)
            shelf.payments = [*shelf.payments, make(number, number)]
            await sync_payments(shelf, other)
            assert str(number) == (await following).payment_id


@pytest.mark.parametrize("begun", [False, True])
async def test_closing_the_store_ends_it(
    store: SQLPaymentStore, shelf: Shelf, make: Make, until: Until, *, begun: bool
) -> None:
    """A follower that waits, or waits later, raises an error, and the store closes at once."""
    shelf.payments = [make(1, 1)]
    await sync_payments(shelf, store)
    changes = store.follow(every=NEVER)
    assert [("created", "1")] == await take(changes, 1)
    following = asyncio.ensure_future(anext(changes)) if begun else None
    if begun:
        (follower,) = store._followers
        await until(lambda: follower._is_waiting)
    await store.aclose()
    with pytest.raises(StoreError, match="was closed while its changes were followed"):
        await (following or anext(changes))


async def test_database_that_goes_away(
    store: SQLPaymentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it cannot be read, the error is the store's."""
    async with aclosing(store.follow(every=SOON)) as changes:
        monkeypatch.setattr("paysdk.sync.follower._LAST", sa.text("nonsense"))
        with pytest.raises(StoreError, match="cannot be used"):
            await anext(changes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"after": -1}, "after must be a whole number from 0"),
        ({"after": 2**63}, "after must be a whole number from 0 to 9223372036854775807"),
        ({"after": "7"}, "after must be a whole number from 0"),
        ({"every": 0}, "every must be a finite number of seconds above 0"),
        ({"account": ""}, "account must be a non-empty string, not ''"),
        ({"provider": 7}, "provider must be a non-empty string"),
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    """A wrong argument is refused at the call."""
    with pytest.raises(ConfigurationError, match=message):
        SQLPaymentStore(tmp_path / "payments.db").follow(**arguments)


@pytest.mark.parametrize("arguments", [{"after": -1}, {"after": 2**63}, {"after": "7"}])
async def test_no_number_of_a_change(store: SQLPaymentStore, arguments: dict[str, Any]) -> None:
    """Reading the feed from a number that no change can have is refused."""
    with pytest.raises(ConfigurationError, match="after must be a whole number"):
        await anext(store.changes(**arguments))


async def test_cancellation_while_it_begins_to_listen(
    store: SQLPaymentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that drops a cancellation does not keep the follower."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def listen() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await ended.wait()

    monkeypatch.setattr(type(store._database.backend), "listen", lambda _: listen())
    waiting = asyncio.ensure_future(anext(store.follow(every=NEVER)))
    await begun.wait()
    waiting.cancel()
    ended.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
