"""What a sync reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

from paysdk.sync import SQLPaymentStore, SyncReport, sync_payments

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk import Payment

    from .conftest import Shelf


def test_a_report_counts_nothing_by_default() -> None:
    """It cannot be changed."""
    report = SyncReport(provider="shelf", account="default", kind="full", resumed=False)

    assert {0, None} == {
        getattr(report, field.name)
        for field in attrs.fields(SyncReport)
        if field.default is not attrs.NOTHING
    }
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        report.created = 1  # type: ignore[misc]  # what is refused


async def test_a_payment_is_counted_once(
    shelf: Shelf, store: SQLPaymentStore, make: Callable[..., Payment]
) -> None:
    """Each payment of a pass is created, changed, voided, returned or unchanged."""
    shelf.incremental = False
    shelf.payments = [make(number) for number in range(4)]
    first = await sync_payments(shelf, store)
    shelf.payments = [attrs.evolve(shelf.payments[0], source="CARD"), *shelf.payments[1:3]]
    second = await sync_payments(shelf, store)

    assert ("full", False, 4, 0, 0) == (
        first.kind,
        first.resumed,
        first.created,
        first.changed,
        first.unchanged,
    )
    assert (0, 1, 2, 1) == (second.created, second.changed, second.unchanged, second.vanished)
