"""Open a store, and read its tables."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import pytest

from paysdk import ConfigurationError
from paysdk.sync import SQLPaymentStore, sync_payments

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]


async def test_a_store_can_be_entered_again(shelf: Shelf, place: str, make: Make) -> None:
    """This also works in another event loop."""
    shelf.payments = [make(1, 1)]
    store = SQLPaymentStore(place)

    async def once() -> int:
        async with store:
            await sync_payments(shelf, store)
            return len([payment async for payment in store.payments(provider="acme")])

    assert [1, 1] == [await once(), await asyncio.to_thread(asyncio.run, once())]


@pytest.mark.parametrize("package", ["paysdk.sync", "paysdk.booking"])
def test_a_missing_extra_is_named(package: str) -> None:
    """The message has the command that installs it."""
    source = f"import sys; sys.modules['sqlalchemy'] = None; import paysdk; import {package}"
    done = subprocess.run(
        [sys.executable, "-c", source], check=False, capture_output=True, text=True
    )

    assert (
        f"ModuleNotFoundError: {package} needs sqlalchemy, which is not installed: "
        'pip install "paysdk-async[sync]"' in done.stderr
    )


async def test_payments_can_be_chosen_by_day(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """Both bounds are included, and a payment without a date is left out."""
    days = [date(2026, 4, 30), date(2026, 5, 1), date(2026, 5, 31), date(2026, 6, 1), None]
    shelf.payments = [make(number, number, payment_date=day) for number, day in enumerate(days)]
    await sync_payments(shelf, store)

    async def ids(since: date | None, until: date | None) -> list[str]:
        payments = store.payments(provider="acme", paid_since=since, paid_until=until)
        stored = store.stored(provider="acme", paid_since=since, paid_until=until)
        found = [payment.id async for payment in payments]
        assert found == [each.payment.id async for each in stored]
        return sorted(found)

    assert ["1", "2"] == await ids(date(2026, 5, 1), date(2026, 5, 31))
    assert ["1", "2", "3"] == await ids(date(2026, 5, 1), None)
    assert ["0", "1", "2"] == await ids(None, date(2026, 5, 31))
    assert ["0", "1", "2", "3", "4"] == await ids(None, None)


async def test_a_bound_that_is_no_day_is_refused_at_the_call(store: SQLPaymentStore) -> None:
    """A text or a time is an error of the caller, before anything is read."""
    with pytest.raises(ConfigurationError, match=r"paid_since must be a datetime\.date"):
        store.payments(provider="acme", paid_since="2026-05-01")  # type: ignore[arg-type]  # wrong
    with pytest.raises(ConfigurationError, match="is after paid_until"):
        store.stored(provider="acme", paid_since=date(2026, 5, 2), paid_until=date(2026, 5, 1))
