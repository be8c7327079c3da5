"""All providers that break a promise, by the group of the cases that must report it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs
import pytest

from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import ContractSubject
from paysdk.testing.contract import CASES
from tests.testing.contract import (
    broken_clients,
    broken_filters,
    broken_ledgers,
    broken_listings,
    broken_odd,
)
from tests.testing.contract.odd import ERRORS, OddProvider, OddSandbox
from tests.testing.contract.running import PROMISES, in_memory, run_cases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paysdk import NotifyProvider

__all__ = ["BROKEN", "Broken", "each_broken"]


@attrs.frozen
class Broken:
    """A provider that breaks a promise. ``cases`` must fail for it, and no others of ``tried``."""

    name: str
    cases: frozenset[str]
    subject: Callable[[int], ContractSubject]
    tried: tuple[str, ...]

    @property
    def group(self) -> type:
        """The first group of the contract that has one of its cases."""
        return next(group for group in CASES if self.cases & vars(group).keys())

    def failing_cases(self) -> dict[str, str]:
        """Return the cases that fail, and their messages."""
        return run_cases(self.subject, self.tried)


def cases_like(cases: frozenset[str]) -> list[str]:
    """Return all cases in the groups of these *cases*."""
    groups = [group for group in CASES if cases & vars(group).keys()]
    return [name for name in PROMISES if any(name in vars(group) for group in groups)]


def find_broken() -> Iterable[Broken]:
    """Yield all of them."""
    ledgers = broken_ledgers.BROKEN | broken_filters.BROKEN
    clients = broken_clients.BROKEN | broken_listings.BROKEN
    for ledger, cases in ledgers.items():
        yield Broken(ledger.__name__, cases, in_memory(ledger), tuple(PROMISES))
    for client, cases in clients.items():
        tried = tuple(name for name in cases_like(cases) if PROMISES[name].needs_sandbox)
        yield Broken(client.__name__, cases, of_client(client), tried)
    for odd, cases in broken_odd.BROKEN.items():
        yield Broken(odd.__name__, cases, of_odd(odd), tuple(cases_like(cases)))


def of_client(client: type[NotifyProvider]) -> Callable[[int], ContractSubject]:
    """Make subjects of a client of Notify's sandbox."""
    return lambda payments: ContractSubject(
        provider=client, sandbox=NotifySandbox(payments=payments)
    )


def of_odd(provider: type[OddProvider]) -> Callable[[int], ContractSubject]:
    """Make subjects of a provider of the odd API."""
    return lambda payments: ContractSubject(
        provider=provider,
        sandbox=OddSandbox(payments=payments, **broken_odd.SETTINGS.get(provider, {})),
        empty_page_ends=True,
        rough_bounds=1.0,
        other_tenant={"division": "south"},
        errors=ERRORS,
    )


BROKEN = tuple(find_broken())


def each_broken(group: type) -> pytest.MarkDecorator:
    """Run a test with each provider that breaks a promise of this group."""
    found = [each for each in BROKEN if each.group is group]
    assert found
    return pytest.mark.parametrize("broken", found, ids=lambda broken: broken.name)
