"""A full pass that misses far more payments than usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paysdk import ConfigurationError, NotifyProvider
from paysdk.sync import (
    LeaseLostError,
    SQLPaymentStore,
    TooManyVanishedError,
    VanishLimit,
    sync_payments,
)
from paysdk.sync.lease import renew
from paysdk.testing import FaultPlan, open_sandbox, wrong_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Kept = Callable[..., Awaitable[dict[str, Payment]]]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]

EMPTY = b'{"payments": [], "count": 0, "links": {"next": null}}'


async def test_an_empty_response_marks_nothing(
    store: SQLPaymentStore, kept: Kept, rows: Rows
) -> None:
    """The sync raises an error, and the next one starts again."""
    sandbox: Any = open_sandbox("notify", payments=200, faults=FaultPlan().on(2, wrong_body(EMPTY)))
    async with sandbox, NotifyProvider(sandbox.api_key, base_url=sandbox.url) as notify:
        await sync_payments(notify, store)
        state = await rows(
            store, "SELECT watermark, checkpoint, pass_kind, completed_at FROM sync_state"
        )
        with pytest.raises(
            TooManyVanishedError,
            match=r"notify lists 0 of the 200 payments that are stored for account 'default'",
        ) as caught:
            await sync_payments(notify, store)

        assert (200, 200) == (caught.value.vanished, caught.value.stored)
        assert "allow_vanish=True (--full --allow-vanish)" in str(caught.value)
        assert 200 == len(await kept(store, "notify"))
        assert state == await rows(
            store, "SELECT watermark, checkpoint, pass_kind, completed_at FROM sync_state"
        )
        assert 200 == (await sync_payments(notify, store)).unchanged


async def test_vanishing_can_be_allowed(store: SQLPaymentStore, kept: Kept) -> None:
    """Any number of payments may then vanish."""
    sandbox: Any = open_sandbox("notify", payments=200)
    async with sandbox, NotifyProvider(sandbox.api_key, base_url=sandbox.url) as notify:
        await sync_payments(notify, store)
        for row in list(sandbox.payments):
            sandbox.delete_payment(row["id"])
        with pytest.raises(TooManyVanishedError):
            await sync_payments(notify, store)
        report = await sync_payments(notify, store, allow_vanish=True)

    assert 200 == report.vanished
    assert {} == await kept(store, "notify")


@pytest.mark.parametrize(
    ("before", "left", "stops"),
    [
        (3, 2, False),
        (11, 1, False),
        (12, 1, True),
        (40, 20, True),
        (60, 48, False),
        (60, 47, True),
    ],
)
async def test_the_limit_is_ten_and_a_fifth(
    shelf: Shelf, store: SQLPaymentStore, make: Make, before: int, left: int, *, stops: bool
) -> None:
    """A small account may lose ten payments, and a large one may not lose half."""
    shelf.incremental, shelf.page_size = False, 100
    shelf.payments = [make(number) for number in range(before)]
    await sync_payments(shelf, store)
    del shelf.payments[left:]
    if stops:
        with pytest.raises(TooManyVanishedError):
            await sync_payments(shelf, store)
    else:
        assert before - left == (await sync_payments(shelf, store)).vanished


@pytest.mark.parametrize("before", [1, 3, 10])
@pytest.mark.parametrize("limit", [VanishLimit(), VanishLimit(count=1000, share=1)], ids=str)
async def test_an_empty_listing_exceeds_every_limit(
    shelf: Shelf,
    store: SQLPaymentStore,
    make: Make,
    kept: Kept,
    *,
    before: int,
    limit: VanishLimit,
) -> None:
    """One empty page does not mark even a few payments unless that is allowed."""
    shelf.incremental = False
    shelf.payments = [make(number) for number in range(before)]
    await sync_payments(shelf, store)
    shelf.payments = []
    with pytest.raises(TooManyVanishedError, match=r"lists 0 of .* The listing is empty") as caught:
        await sync_payments(shelf, store, vanish_limit=limit)

    assert (before, before) == (caught.value.vanished, caught.value.stored)
    assert before == len(await kept(store))
    assert before == (await sync_payments(shelf, store, allow_vanish=True)).vanished
    # No payment is left that could vanish, so the next empty listing is no error.
    assert 0 == (await sync_payments(shelf, store)).vanished


async def test_an_empty_incremental_pass_is_no_error(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """It lists only what was modified, which may be nothing."""
    shelf.payments = [make(number, number) for number in range(3)]
    await sync_payments(shelf, store)
    shelf.payments = []

    assert 0 == (await sync_payments(shelf, store)).vanished


async def test_the_limit_can_be_set(shelf: Shelf, store: SQLPaymentStore, make: Make) -> None:
    """It has a count and a share, and the larger one counts."""
    shelf.incremental, shelf.page_size = False, 100
    shelf.payments = [make(number) for number in range(20)]
    await sync_payments(shelf, store)
    del shelf.payments[18:]
    with pytest.raises(TooManyVanishedError):
        await sync_payments(shelf, store, vanish_limit=VanishLimit(count=0, share=0))
    with pytest.raises(TooManyVanishedError):
        await sync_payments(shelf, store, vanish_limit=VanishLimit(count=1, share=0.05))

    assert (
        2
        == (
            await sync_payments(shelf, store, vanish_limit=VanishLimit(count=0, share=0.1))
        ).vanished
    )


async def test_new_payments_do_not_hide_missing_ones(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The payments of another account, however many, do not make up for the stored ones."""
    shelf.incremental, shelf.page_size = False, 100
    shelf.payments = [make(number) for number in range(20)]
    await sync_payments(shelf, store)
    shelf.payments = [make(number) for number in range(1000, 1300)]
    with pytest.raises(TooManyVanishedError, match="lists 0 of the 20 payments"):
        await sync_payments(shelf, store)


async def test_a_full_pass_that_stopped_is_not_continued(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept
) -> None:
    """Incremental syncs continue from the watermark, and the next full pass starts again."""
    shelf.payments = [make(number, number) for number in range(30)]
    before = await sync_payments(shelf, store)
    whole, shelf.payments = shelf.payments, shelf.payments[:9]
    with pytest.raises(TooManyVanishedError):
        await sync_payments(shelf, store, full=True)
    shelf.payments = [*whole, make(30, 30)]
    incremental = await sync_payments(shelf, store)
    full = await sync_payments(shelf, store, full=True)

    assert (False, "incremental", 1) == (incremental.resumed, incremental.kind, incremental.created)
    assert shelf.asked[-2][0] is not None
    assert before.watermark is not None
    assert shelf.asked[-2][0] < before.watermark
    assert (False, 31, 0) == (full.resumed, full.unchanged, full.vanished)
    assert 31 == len(await kept(store))


async def test_a_pass_that_cannot_be_dropped_hides_no_error(
    shelf: Shelf, store: SQLPaymentStore, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another sync has taken the lease meanwhile, the first error is still raised."""

    async def lose(*arguments: Any, **columns: Any) -> None:  # noqa: ANN401  # whatever it is
        if columns.get("pass_kind", "full") is None and "completed_at" not in columns:
            lost.append(columns)
            raise LeaseLostError
        await renew(*arguments, **columns)

    lost: list[dict[str, Any]] = []
    shelf.incremental = False
    shelf.payments = [make(1)]
    await sync_payments(shelf, store)
    shelf.payments = []
    monkeypatch.setattr("paysdk.sync.run.renew", lose)
    with pytest.raises(TooManyVanishedError):
        await sync_payments(shelf, store)

    assert 1 == len(lost)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"allow_vanish": 5}, "allow_vanish must be True or False"),
        ({"vanish_limit": 0.5}, "vanish_limit must be a VanishLimit"),
    ],
)
async def test_a_limit_of_another_type_is_refused(
    shelf: Shelf, store: SQLPaymentStore, arguments: dict[str, Any], message: str
) -> None:
    """The error comes before any request."""
    with pytest.raises(ConfigurationError, match=message):
        await sync_payments(shelf, store, **arguments)
    assert [] == shelf.asked


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", -1),
        ("count", True),
        ("count", 1.5),
        ("share", 1.1),
        ("share", "half"),
        ("share", False),
    ],
)
def test_an_impossible_limit_is_refused(
    name: str,
    value: Any,  # noqa: ANN401  # what is refused
) -> None:
    """The message names the number."""
    with pytest.raises(ConfigurationError, match=f"{name} must be"):
        VanishLimit(**{name: value})
