"""Tests of the protocol and its values."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk.errors import ConfigurationError
from paysdk.payment import Payment
from paysdk.provider import Capabilities, Listing, ListingReport, Page, PaymentsProvider
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.notify.provider import NotifyProvider

if TYPE_CHECKING:
    from collections.abc import Callable

PROVIDERS: list[Callable[[], PaymentsProvider]] = [
    lambda: CampfireProvider("sandbox-key"),
    lambda: NotifyProvider("test_sandbox"),
]


@pytest.mark.parametrize("make", PROVIDERS, ids=["campfire", "notify"])
def test_providers_keep_the_protocol(make: Callable[[], PaymentsProvider]) -> None:
    """`isinstance` recognises a provider and its listing, and listing sends nothing."""
    provider = make()
    listing = provider.list_payments()
    assert isinstance(provider, PaymentsProvider)
    assert isinstance(listing, Listing)
    assert ListingReport() == listing.report


@pytest.mark.parametrize(
    "other", [object(), "campfire", Payment, {}], ids=["object", "text", "class", "dict"]
)
def test_other_objects_do_not(other: object) -> None:
    """An object without the methods of the protocol is neither a provider nor a listing."""
    assert not isinstance(other, PaymentsProvider)
    assert not isinstance(other, Listing)


def test_capabilities_say_what_the_apis_can() -> None:
    """Campfire filters and reports voids, Notify does not, and their page sizes differ."""
    campfire, notify = CampfireProvider("sandbox-key"), NotifyProvider("test_sandbox")
    assert ("campfire", "notify") == (campfire.name, notify.name)
    assert {"modified_since", "modified_until", "voided"} <= campfire.capabilities.filters
    assert (
        Capabilities(
            filters=frozenset(), max_page_size=250, reports_voids=False, lists_incrementally=False
        )
        == notify.capabilities
    )
    assert (10_000, True, True, "modified", None) == attrs.astuple(campfire.capabilities)[1:]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("filters", None),
        ("filters", "voided"),
        ("filters", ["voided"]),
        ("filters", frozenset({1})),
        ("filters", frozenset({"modified since"})),
        ("max_page_size", 0),
        ("max_page_size", "100"),
        ("max_page_size", True),
        ("reports_voids", None),
        ("lists_incrementally", 1),
        ("incremental_by", "updated"),
        ("fixed_page_size", 0),
        ("fixed_page_size", 101),
    ],
)
def test_capabilities_that_cannot_be_right(name: str, value: object) -> None:
    """The error names the field."""
    given: dict[str, Any] = {
        "filters": frozenset({"voided"}),
        "max_page_size": 100,
        "reports_voids": True,
        "lists_incrementally": False,
    }
    assert Capabilities(**given) == Capabilities(**given, fixed_page_size=None)
    assert 100 == Capabilities(**given, fixed_page_size=100).fixed_page_size
    with pytest.raises(ConfigurationError, match=rf"^Capabilities\.{name} must be"):
        Capabilities(**{**given, name: value})


def test_new_report() -> None:
    """The report of a new listing is empty."""
    assert (0, 0, 0, 0, None, 0, 0, 0, None, None, False) == attrs.astuple(ListingReport())


@pytest.mark.parametrize(
    "value",
    [Page([], 5, None), ListingReport(pages=1), CampfireProvider.capabilities],
    ids=lambda value: type(value).__name__,
)
def test_values_are_frozen_and_picklable(value: attrs.AttrsInstance) -> None:
    """The values are frozen and can be pickled."""
    assert value == pickle.loads(pickle.dumps(value))  # noqa: S301  # its own pickle
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(value, attrs.fields(type(value))[0].name, None)
