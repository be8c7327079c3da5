"""The tests that every author of a provider must write."""

from __future__ import annotations

from decimal import Decimal

import pytest

from paysdk import CampfireProvider, MalformedResponseError
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import ContractSubject, MeaningContract
from tests.testing.contract.odd import FixedProvider, OddSandbox

TESTS = [name for name in vars(MeaningContract) if name.startswith("test_")]


class Campfire(MeaningContract):
    """What Campfire's fields mean."""

    def subject(self, payments: int) -> ContractSubject:
        """Return Campfire with its sandbox."""
        return ContractSubject(
            provider=CampfireProvider, sandbox=CampfireSandbox(payments=payments)
        )


class Fixed(MeaningContract):
    """What the fields of an API with a fixed page size mean."""

    def subject(self, payments: int) -> ContractSubject:
        """Return the provider with its sandbox."""
        return ContractSubject(
            provider=FixedProvider, sandbox=OddSandbox(payments=payments, largest=5)
        )


@pytest.mark.parametrize("name", TESTS)
def test_each_fails_until_it_is_written(name: str) -> None:
    """The failure says what to test."""
    with pytest.raises(AssertionError, match=r"Override this test.* Test [a-z]"):
        getattr(Campfire(), name)()


def test_reads_a_record_that_was_changed() -> None:
    """Only the first record comes, with the changes."""
    (payment,) = Campfire().read({"currency": "JPY", "amount": Decimal(7), "note": "added"})
    assert (Decimal(7), "JPY", "added") == (payment.amount, payment.currency, payment.raw["note"])


def test_reads_one_record_of_an_api_with_fixed_pages() -> None:
    """The other pages are empty."""
    (payment,) = Fixed().read({"amount": "7.125"})
    assert Decimal("7.125") == payment.amount


def test_raises_what_the_provider_raises() -> None:
    """A record that cannot be read is malformed."""
    with pytest.raises(MalformedResponseError, match="amount"):
        Campfire().read({"amount": "seven"})


def test_change_needs_a_place() -> None:
    """A path into a field that is not there fails."""
    with pytest.raises(AssertionError, match=r"the record has no place for 'nowhere\.0"):
        Campfire().read({"nowhere.0.amount": 1})
