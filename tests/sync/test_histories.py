"""Random histories of a provider and its syncs."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk import ConnectionFailedError, NotFoundError
from paysdk.sync import SQLPaymentStore, sync_payments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk import Payment

    from .conftest import Shelf

    Read = Callable[..., Awaitable[dict[str, Payment]]]

NUMBERS = st.integers(0, 7)
STEPS = st.one_of(
    st.tuples(st.just("put"), NUMBERS, st.integers(0, 2)),
    st.tuples(st.just("touch"), NUMBERS, st.just(0)),
    st.tuples(st.just("void"), NUMBERS, st.just(0)),
    st.tuples(st.just("delete"), NUMBERS, st.just(0)),
    st.tuples(st.just("sync"), st.just(0), st.just(0)),
    st.tuples(st.just("full"), st.just(0), st.just(0)),
    st.tuples(st.just("cut"), st.integers(0, 3), st.sampled_from([0, 1])),
    st.tuples(st.just("cancel"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("refuse"), st.just(0), st.just(0)),
)


class History:
    """A provider that changes, and its syncs."""

    def __init__(self, shelf: Shelf, store: SQLPaymentStore, make: Callable[..., Payment]) -> None:
        self.shelf, self.store, self.make = shelf, store, make
        self.minute = 0

    async def step(self, what: str, number: int, amount: int) -> None:
        """Do one step of the history."""
        shelf = self.shelf
        known = next((payment for payment in shelf.payments if payment.id == str(number)), None)
        if what == "put":
            self.put(self.make(number, 0, amount=Decimal(amount)))
        elif what == "touch" and known:
            self.put(known)
        elif what == "void" and known:
            self.put(attrs.evolve(known, voided_date=known.payment_date))
        elif what == "delete" and known:
            shelf.payments.remove(known)
        elif what in {"sync", "full"}:
            await sync_payments(shelf, self.store, full=what == "full", allow_vanish=True)
        elif what == "refuse":
            shelf.refused = NotFoundError("Invalid cursor", status=404)
        elif what in {"cut", "cancel"}:
            await self.interrupted(number, change=bool(amount), cancel=what == "cancel")

    def put(self, payment: Payment) -> None:
        """Store a payment at the provider, with a time if it lists incrementally."""
        self.minute += 1
        moved = attrs.evolve(
            payment,
            modified_at=self.make(0, self.minute).modified_at if self.shelf.incremental else None,
        )
        self.shelf.payments = [
            *(other for other in self.shelf.payments if other.id != payment.id),
            moved,
        ]

    async def interrupted(self, page: int, *, change: bool, cancel: bool) -> None:
        """Run a sync that ends before this page. A payment may change meanwhile."""

        async def waiting(number: int) -> None:
            if change and number == 0 and self.shelf.payments:
                self.put(self.shelf.payments[0])
            if number == page and cancel:
                task.cancel()
                await asyncio.sleep(0)
            elif number == page:
                raise ConnectionFailedError("cut")

        self.shelf.waiting = waiting
        task = asyncio.create_task(sync_payments(self.shelf, self.store, allow_vanish=True))
        await asyncio.gather(task, return_exceptions=True)
        self.shelf.waiting = None


@pytest.mark.parametrize("incremental", [True, False])
@given(steps=st.lists(STEPS, min_size=4, max_size=25))
@settings(max_examples=40)
def test_every_history_ends_as_the_provider_lists(
    steps: list[tuple[str, int, int]],
    shelf_type: type[Shelf],
    make: Callable[..., Payment],
    kept: Read,
    replayed: Read,
    *,
    incremental: bool,
) -> None:
    """After a full pass the store has what the provider has, and the feed leads there."""

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with SQLPaymentStore(Path(folder, "payments.db")) as store:
                history = History(shelf_type(incremental=incremental, sorts=True), store, make)
                for step in steps:
                    await history.step(*step)
                history.shelf.refused = None
                await sync_payments(
                    history.shelf,
                    store,
                    overlap=timedelta(days=1).total_seconds(),
                    allow_vanish=True,
                )
                truth = {payment.id: payment for payment in history.shelf.payments}
                stored = await kept(store)
                assert truth == {id_: stored[id_] for id_ in truth}
                assert stored == await replayed(store)
                await sync_payments(history.shelf, store, full=True, allow_vanish=True)
                assert truth == await kept(store) == await replayed(store)

    asyncio.run(run())


def test_histories_reach_every_kind_of_change(
    shelf_type: type[Shelf],
    make: Callable[..., Payment],
    tmp_path: Path,
) -> None:
    """The steps of the histories cause each kind of change in the feed."""

    async def run() -> set[str]:
        async with SQLPaymentStore(tmp_path / "payments.db") as store:
            history = History(shelf_type(sorts=True), store, make)
            for step in [
                ("put", 1, 1),
                ("full", 0, 0),
                ("put", 1, 2),
                ("sync", 0, 0),
                ("void", 1, 0),
                ("sync", 0, 0),
            ]:
                await history.step(*step)
            for step in [
                ("put", 2, 1),
                ("delete", 1, 0),
                ("full", 0, 0),
                ("put", 1, 1),
                ("sync", 0, 0),
            ]:
                await history.step(*step)
            return {change.kind async for change in store.changes()}

    assert {"created", "changed", "voided", "vanished", "returned"} == asyncio.run(run())
