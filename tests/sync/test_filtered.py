"""Sync what filters choose, and what a provider says of its times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import CampfireProvider, Capabilities, ConfigurationError, UnsupportedFilterError
from paysdk.sync import sync_payments
from paysdk.testing import open_sandbox

from .conftest import START, Shelf, paid

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk import Payment
    from paysdk.sync import SQLPaymentStore

    Kept = Callable[..., Awaitable[dict[str, Payment]]]


@attrs.define
class Ledger(Shelf):
    """A provider with a filter of its own, that lists by the time of creation."""

    by: Any = "modified"
    chosen: list[str] = attrs.field(factory=list[str])

    @property
    def capabilities(self) -> Capabilities:
        """With a filter by customer."""
        return Capabilities(
            filters=frozenset({"modified_since", "ids"}),
            max_page_size=2,
            reports_voids=True,
            lists_incrementally=True,
            incremental_by=self.by,
        )

    def list_payments(
        self,
        *,
        ids: Any = None,  # noqa: ANN401  # any value
        **arguments: Any,  # noqa: ANN401  # any value
    ) -> Any:  # noqa: ANN401  # any value
        """List the payments, or those with these ids."""
        if ids is None:
            return super().list_payments(**arguments)
        chosen = attrs.evolve(self, payments=[each for each in self.payments if each.id in ids])
        return chosen.list_payments(**arguments)


async def test_filtered_pass_writes_what_its_filters_choose(
    store: SQLPaymentStore, kept: Kept
) -> None:
    """It creates and changes payments, and neither the watermark nor what is missing changes."""
    ledger = Ledger([paid(number, number) for number in range(5)])
    before = await sync_payments(ledger, store)
    ledger.payments = [paid(number, 60 + number, source="x") for number in (1, 3, 7, 8, 9)]
    report = await sync_payments(ledger, store, filters={"ids": ["3", "7", "8"]})

    assert ("filtered", False, 2, 1, 0) == (
        report.kind,
        report.resumed,
        report.created,
        report.changed,
        report.vanished,
    )
    assert before.watermark == report.watermark
    assert (2, 2) == (report.pages, report.requests)
    stored = await kept(store)
    assert ["0", "1", "2", "3", "4", "7", "8"] == sorted(stored)
    assert [None, "x"] == [stored["1"].source, stored["3"].source]
    later = await sync_payments(ledger, store)
    assert ("incremental", 1) == (later.kind, later.created)


async def test_filtered_pass_leaves_an_interrupted_pass_alone(store: SQLPaymentStore) -> None:
    """The pass that was interrupted goes on where it stopped."""
    ledger = Ledger([paid(number, number) for number in range(5)])

    async def fail(number: int) -> None:
        if number:
            raise ConfigurationError("not now")

    ledger.waiting = fail
    with pytest.raises(ConfigurationError, match="not now"):
        await sync_payments(ledger, store)
    ledger.waiting = None
    assert "filtered" == (await sync_payments(ledger, store, filters={"ids": ["4"]})).kind
    report = await sync_payments(ledger, store)
    assert ("full", True, 2, 1, 0) == (
        report.kind,
        report.resumed,
        report.created,
        report.unchanged,
        report.vanished,
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"filters": {"client": "x"}}, UnsupportedFilterError, "acme cannot filter by client"),
        ({"filters": {}}, ConfigurationError, "filters must be a mapping"),
        ({"filters": "ids"}, ConfigurationError, "filters must be a mapping"),
        ({"filters": {"ids": ["1"]}, "full": True}, ConfigurationError, "has no filters"),
    ],
)
async def test_wrong_filters_are_refused(
    store: SQLPaymentStore,
    arguments: Any,  # noqa: ANN401  # any value
    error: type[Exception],
    message: str,
) -> None:
    """They are refused before the provider is asked for anything."""
    ledger = Ledger([paid(1, 1)])
    with pytest.raises(error, match=message):
        await sync_payments(ledger, store, **arguments)
    assert not ledger.asked


async def test_provider_without_filters_says_so(store: SQLPaymentStore, shelf: Shelf) -> None:
    """The error names the filters that there are."""
    with pytest.raises(UnsupportedFilterError, match="Its filters are: none"):
        await sync_payments(shelf, store, filters={"ids": ["1"]})


async def test_watermark_of_an_insert_only_list(store: SQLPaymentStore) -> None:
    """It goes by the time of creation, if the provider says so."""
    payments = [paid(number, created_at=START.replace(hour=number)) for number in range(3)]
    ledger = Ledger(payments, by="created")
    report = await sync_payments(ledger, store)

    assert (START.replace(hour=2), 0) == (report.watermark, report.untimed)
    assert "incremental" == (await sync_payments(ledger, store)).kind


async def test_provider_that_never_sends_a_time_is_told(
    store: SQLPaymentStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A provider that lists incrementally and sends no time is named in the log and the report."""
    report = await sync_payments(Ledger([paid(number) for number in range(3)]), store)

    assert (3, None) == (report.untimed, report.watermark)
    assert ["acme says that it lists incrementally, but none of its payments has modified_at."] == [
        record.getMessage().partition(" So ")[0] for record in caplog.records
    ]


async def test_campfire_filters_by_its_own_names(store: SQLPaymentStore) -> None:
    """A filter that only one provider has reaches its list_payments."""
    async with open_sandbox("campfire", payments=20) as sandbox:
        wanted: Any = sandbox
        invoice = wanted.payments[3]["invoice_id"]
        async with CampfireProvider(sandbox.api_key, base_url=sandbox.url) as campfire:
            report = await sync_payments(campfire, store, filters={"invoice_id": invoice})

    stored = [each async for each in store.payments(provider="campfire")]
    assert report.created == len(stored) > 0
    assert {str(invoice)} == {each.invoice.id for each in stored}
