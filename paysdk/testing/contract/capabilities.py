"""Cases about a provider's name and capabilities."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from paysdk.errors import ConfigurationError
from paysdk.provider import Capabilities, Listing, ListingReport, PaymentsProvider
from paysdk.testing.contract.harness import ContractCases, catch_error, collect_payments, listed_by
from paysdk.testing.contract.promises import case, check, check_equal, fail, wire_case

if TYPE_CHECKING:
    from paysdk.testing.contract.harness import Harness

__all__ = ["CapabilityCases"]


class CapabilityCases(ContractCases):
    """Name and capabilities."""

    @case
    async def test_keeps_the_protocol(self) -> None:
        """A provider has the attributes of `PaymentsProvider`, and its `list_payments` returns an
        object with the attributes of `Listing`.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            check(
                isinstance(provider, PaymentsProvider),
                f"{provider!r} lacks something that PaymentsProvider names",
            )
            listing = provider.list_payments()
            check(isinstance(listing, Listing), f"{listing!r} lacks something that Listing names")

    @case
    async def test_has_a_name(self) -> None:
        """The name is a word in lower case, the same for every object, and is the `provider` of
        each payment.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            name: object = provider.name
            check(
                isinstance(name, str)
                and name.replace("-", "_").isidentifier()
                and name == name.lower(),
                f"the name is {name!r}",
            )
            check_equal(name, harness.provider().name, "another object's name")
            check_equal(
                {name},
                {payment.provider for payment in await collect_payments(provider.list_payments())},
                "Payment.provider",
            )

    @case
    async def test_has_capabilities(self) -> None:
        """`capabilities` is a `Capabilities`: its filters are a frozenset of parameters of
        `list_payments`, and its largest page is 1 or more, and is the fixed page size if there is
        one.
        """
        async with self.harness(0) as harness:
            provider = harness.provider()
            able: object = provider.capabilities
            if not isinstance(able, Capabilities):
                fail(f"capabilities is {able!r}")
            filters: object = able.filters
            check(
                isinstance(filters, frozenset),
                f"capabilities.filters is {filters!r}, which is not a frozenset",
            )
            parameters = inspect.signature(provider.list_payments).parameters
            unknown = sorted(set(able.filters) - parameters.keys())
            check(
                not unknown,
                f"capabilities.filters names {', '.join(unknown)}, but list_payments has no such "
                "parameter",
            )
            largest: object = able.max_page_size
            check(
                isinstance(largest, int) and not isinstance(largest, bool) and largest > 0,
                f"max_page_size is {largest!r}",
            )
            check(
                able.fixed_page_size in {None, largest},
                f"max_page_size is {largest}, but fixed_page_size is {able.fixed_page_size!r}",
            )

    @case
    async def test_does_not_contradict_itself(self) -> None:
        """A provider that lists incrementally filters by `modified_since`, and a provider that
        filters by `voided` reports voids.
        """
        async with self.harness(0) as harness:
            able = harness.provider().capabilities
            check(
                "modified_since" in able.filters or not able.lists_incrementally,
                "it has lists_incrementally=True, but does not filter by modified_since",
            )
            check(
                able.reports_voids or "voided" not in able.filters,
                "it filters by voided, but has reports_voids=False",
            )

    @case
    async def test_reports_voids_only_if_it_says_so(self) -> None:
        """If `reports_voids` is false, no payment has a `voided_date`."""
        async with self.harness() as harness:
            provider = harness.provider()
            voided = [
                payment.id
                for payment in await collect_payments(provider.list_payments())
                if payment.is_voided
            ]
            check(
                provider.capabilities.reports_voids or not voided,
                f"it has reports_voids=False, but these payments are voided: {voided}",
            )

    @case
    async def test_lists_incrementally_by_a_time_that_it_sends(self) -> None:
        """If a provider lists incrementally, or filters by `modified_since` or `modified_until`,
        its payments have the time that this goes by: `modified_at`, or `created_at` if
        `incremental_by` is "created".
        """
        async with self.harness() as harness:
            provider = harness.provider()
            able = provider.capabilities
            uses = sorted({"modified_since", "modified_until"} & able.filters)
            uses += ["lists_incrementally=True"] * able.lists_incrementally
            if uses:
                payments = await collect_payments(provider.list_payments())
                check(
                    any(listed_by(payment, able) for payment in payments),
                    f"it has {' and '.join(uses)} with incremental_by={able.incremental_by!r}, "
                    f"but none of its payments has {able.incremental_by}_at",
                )

    @wire_case
    async def test_sends_nothing_before_it_must(self) -> None:
        """Neither making a provider, nor calling `list_payments`, nor `collect(limit=0)` sends a
        request.
        """
        async with self.harness() as harness:
            listing = harness.provider().list_payments()
            check_equal(
                ListingReport(), listing.report, "the report of a listing that was not iterated"
            )
            check_equal([], await listing.collect(limit=0), "collect(limit=0)")
            check_equal(0, harness.requests, "the requests sent by then")

    @wire_case
    async def test_sends_the_key_over_https_only(self) -> None:
        """A `base_url` with plain http is refused with `ConfigurationError`, unless its host is
        loopback.
        """
        async with self.harness(0) as harness:
            raised = catch_error(lambda: harness.provider(base_url="http://payments.example"))
            check(
                isinstance(raised, ConfigurationError),
                _describe_refusal("base_url='http://payments.example'", raised),
            )

    @wire_case
    async def test_refuses_a_malformed_key(self) -> None:
        """An empty key, or a key with a line end, is refused with `ConfigurationError` at the first
        request or earlier, and is not sent.
        """
        for wrong in ("", f"{'x' * 8}\r\nX-Other: 1"):
            async with self.harness() as harness:
                raised: Exception | None = None
                try:
                    await _request_with_key(harness, wrong)
                except Exception as error:  # noqa: BLE001  # its class is checked
                    raised = error
                check(
                    isinstance(raised, ConfigurationError),
                    _describe_refusal(f"the key {wrong!r}", raised),
                )
                check_equal(0, harness.requests, "the requests sent with such a key")


async def _request_with_key(harness: Harness, key: str) -> None:
    provider = harness.make_provider(key)
    try:
        await provider.list_payments().first()
    finally:
        await provider.aclose()


def _describe_refusal(what: str, raised: Exception | None) -> str:
    return (
        f"{what} was accepted"
        if raised is None
        else f"{what} raised {type(raised).__name__}: {raised}"
    )
