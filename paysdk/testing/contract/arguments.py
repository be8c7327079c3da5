"""Cases about the arguments of ``list_payments``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.errors import ConfigurationError, UnsupportedFilterError
from paysdk.testing.contract.harness import (
    ContractCases,
    catch_error,
    checkpoint_after,
    collect_payments,
    ids,
)
from paysdk.testing.contract.promises import case, check, check_equal, fail

if TYPE_CHECKING:
    from paysdk.provider import PaymentsProvider
    from paysdk.testing.contract.harness import Harness

__all__ = ["ArgumentCases", "check_refused"]

# Enough for some of them to be voided, if the provider has voids.
_SOME = 40
_LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
_TIMES = ("modified_since", "modified_until")


class ArgumentCases(ContractCases):
    """Arguments: honoured or refused."""

    @case
    async def test_refuses_naive_times(self) -> None:
        """A datetime without a zone is not a moment in time, and raises `ConfigurationError` at the
        call.
        """
        async with self.harness(0) as harness:
            provider = harness.provider()
            naive = datetime(2026, 1, 31)  # noqa: DTZ001  # must be refused
            for name in _TIMES:
                expected = (
                    ConfigurationError
                    if name in provider.capabilities.filters
                    else UnsupportedFilterError
                )
                check_refused(harness, provider, expected, {name: naive})

    @case
    async def test_refuses_page_sizes_out_of_range(self) -> None:
        """A `page_size` that is below 1, above the largest, or not a whole number raises
        `ConfigurationError` at the call.
        """
        async with self.harness(0) as harness:
            provider = harness.provider()
            largest = provider.capabilities.max_page_size
            others = [] if harness.fixed is None else [harness.fixed - 1]
            for size in (0, -1, largest + 1, True, "5", 2.5, *others):
                check_refused(harness, provider, ConfigurationError, {"page_size": size})

    @case
    async def test_takes_the_largest_page_size(self) -> None:
        """A `page_size` of `max_page_size` is accepted, and lists everything."""
        async with self.harness() as harness:
            provider = harness.provider()
            everything = ids(await collect_payments(provider.list_payments()))
            largest = provider.list_payments(page_size=provider.capabilities.max_page_size)
            check_equal(
                everything,
                ids(await collect_payments(largest)),
                f"with page_size={provider.capabilities.max_page_size}",
            )

    @case
    async def test_refuses_a_negative_limit(self) -> None:
        """`collect(limit=-1)` raises `ConfigurationError`."""
        async with self.harness() as harness:
            try:
                found = await harness.provider().list_payments().collect(limit=-1)
            except ConfigurationError:
                return
            fail(f"collect(limit=-1) gave {len(found)} payments")

    @case
    async def test_refuses_a_malformed_checkpoint(self) -> None:
        """A text that is not a checkpoint, is empty or was cut off raises `ConfigurationError` at
        the call.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            _, checkpoint = await checkpoint_after(provider.list_payments(page_size=harness.size))
            text = str(checkpoint)
            for wrong in (
                "",
                "checkpoint",
                text[:-3],
                text.upper(),
                attrs.evolve(checkpoint, position=""),
                7,
                b"",
            ):
                check_refused(harness, provider, ConfigurationError, {"resume": wrong})

    @case
    async def test_refuses_a_foreign_checkpoint(self) -> None:
        """A checkpoint names its provider, and the checkpoint of another provider raises
        `ConfigurationError` at the call.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            _, checkpoint = await checkpoint_after(provider.list_payments(page_size=harness.size))
            check_equal(
                provider.name,
                checkpoint.provider.partition("#")[0],  # a tenant may follow
                "the provider that the checkpoint is tagged with",
            )
            foreign = attrs.evolve(checkpoint, provider="another")
            for wrong in (foreign, str(foreign)):
                check_refused(harness, provider, ConfigurationError, {"resume": wrong})

    @case
    async def test_refuses_a_checkpoint_of_other_filters(self) -> None:
        """A checkpoint includes its filters, and other filters in the same call are refused."""
        async with self.harness(_SOME) as harness:
            provider = harness.provider()
            able = provider.capabilities.filters
            name, bound = ("voided", False) if "voided" in able else ("modified_since", _LONG_AGO)
            _, checkpoint = await checkpoint_after(provider.list_payments(page_size=harness.size))
            expected = ConfigurationError if name in able else UnsupportedFilterError
            check_refused(harness, provider, expected, {"resume": checkpoint, name: bound})
            if name in able:
                filtered: dict[str, Any] = {name: bound}
                begun, checkpoint = await checkpoint_after(
                    provider.list_payments(page_size=harness.size, **filtered)
                )
                whole = ids(await collect_payments(provider.list_payments(**filtered)))
                rest = await collect_payments(provider.list_payments(resume=checkpoint))
                check_equal(
                    whole,
                    ids([*begun, *rest]),
                    f"started with {name}, and resumed without repeating it",
                )


def check_refused(
    harness: Harness,
    provider: PaymentsProvider,
    expected: type[Exception],
    arguments: dict[str, Any],
) -> None:
    """Check that ``list_payments`` refuses these arguments before it sends a request."""
    before = harness.requests
    raised = catch_error(lambda: provider.list_payments(**arguments))
    given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    found = "was accepted" if raised is None else f"raised {type(raised).__name__}: {raised}"
    check(
        isinstance(raised, expected),
        f"list_payments({given}) {found}, but must raise {expected.__name__} at the call",
    )
    check_equal(before, harness.requests, f"the requests sent by list_payments({given})")
