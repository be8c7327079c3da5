"""Each provider that breaks the contract fails the cases about what it breaks, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import ContractSubject
from paysdk.testing.contract import CASES, listings, promises
from tests.testing.contract import (
    broken_clients,
    broken_filters,
    broken_ledgers,
    broken_listings,
    broken_odd,
)
from tests.testing.contract.ledger import Ledger
from tests.testing.contract.naive_client import NaiveClient
from tests.testing.contract.odd import OddProvider, OddSandbox
from tests.testing.contract.running import PROMISES, in_memory, run_cases
from tests.testing.contract.test_odd import ERRORS

if TYPE_CHECKING:
    from paysdk import NotifyProvider

pytestmark = pytest.mark.slow

LEDGERS = broken_ledgers.BROKEN | broken_filters.BROKEN
ON_THE_WIRE = broken_clients.BROKEN | broken_listings.BROKEN

# What the forty lines of a careful afternoon keep.
NAIVE_KEEPS = frozenset(
    f"test_{case}"
    for case in (
        "amounts_are_decimal",
        "breaking_out_leaves_no_task",
        "can_be_cancelled",
        "can_be_closed_twice",
        "closing_leaves_nothing_open",
        "collects",
        "counts_its_requests",
        "dates_are_dates",
        "does_not_contradict_itself",
        "filters_by_modified_since",
        "filters_by_modified_until",
        "filters_by_voided",
        "gives_each_payment_once",
        "gives_the_first",
        "gives_payments",
        "has_a_name",
        "keeps_filters_on_later_pages",
        "keeps_filters_to_one_listing",
        "keeps_filters_when_it_resumes",
        "keeps_one_order",
        "lists_incrementally_by_a_time_that_it_sends",
        "keeps_the_key_out_of_urls",
        "keeps_the_protocol",
        "keeps_the_sign_of_amounts",
        "lists_nothing_if_there_is_nothing",
        "names_its_tenant_in_its_origin",
        "never_closes_the_session_of_the_user",
        "outlives_an_event_loop",
        "pages_hold_the_same",
        "payments_are_values",
        "refuses_a_checkpoint_of_other_filters",
        "refuses_a_negative_limit",
        "refuses_naive_times",
        "refuses_page_sizes_out_of_range",
        "reports_voids_only_if_it_says_so",
        "reports_what_it_did",
        "resumes_a_resumed_listing",
        "resumes_from_text",
        "resumes_with_the_rest",
        "resumes_without_repeating_requests",
        "has_capabilities",
        "serves_many_tasks",
        "starts_afresh",
        "takes_the_largest_page_size",
        "times_are_in_utc",
    )
)


def test_provider_of_its_own_keeps_the_contract() -> None:
    """A provider without paysdk's classes passes the cases that need no sandbox."""
    assert {} == run_cases(in_memory(Ledger))


@pytest.mark.parametrize("broken", LEDGERS, ids=lambda broken: broken.__name__)
def test_broken_ledger_is_caught(broken: type[Ledger]) -> None:
    """Each broken ledger fails the cases about what it breaks."""
    assert LEDGERS[broken] == run_cases(in_memory(broken)).keys()


@pytest.mark.parametrize("broken", ON_THE_WIRE, ids=lambda broken: broken.__name__)
def test_broken_client_is_caught(broken: type[NotifyProvider]) -> None:
    """Each broken client fails its cases, and no other case with a sandbox in the same groups."""
    groups = [group for group in CASES if ON_THE_WIRE[broken] & vars(group).keys()]
    on_the_wire = [
        name
        for name in PROMISES
        if PROMISES[name].needs_sandbox and any(name in vars(group) for group in groups)
    ]
    said = run_cases(
        lambda payments: ContractSubject(provider=broken, sandbox=NotifySandbox(payments=payments)),
        on_the_wire,
    )
    assert ON_THE_WIRE[broken] == said.keys()


@pytest.mark.parametrize("broken", broken_odd.BROKEN, ids=lambda broken: broken.__name__)
def test_broken_odd_provider_is_caught(broken: type[OddProvider]) -> None:
    """Each broken provider of the odd API fails its cases, and no other in the same groups."""
    cases = broken_odd.BROKEN[broken]
    groups = [group for group in CASES if cases & vars(group).keys()]
    said = run_cases(
        lambda payments: ContractSubject(
            provider=broken,
            sandbox=OddSandbox(payments=payments, **broken_odd.SETTINGS.get(broken, {})),
            empty_page_ends=True,
            rough_bounds=1.0,
            other_tenant={"division": "south"},
            errors=ERRORS,
        ),
        [name for name in PROMISES if any(name in vars(group) for group in groups)],
    )
    assert cases == said.keys(), said


def test_naive_client_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that looks right and was never tested by the contract breaks half of it."""
    monkeypatch.setattr(promises, "_CASE_TIMEOUT_SECONDS", 2.0)
    monkeypatch.setattr(listings, "_MANY_PAGES", 20)
    said = run_cases(
        lambda payments: ContractSubject(
            provider=NaiveClient, sandbox=NotifySandbox(payments=payments)
        )
    )
    assert NAIVE_KEEPS == PROMISES.keys() - said.keys()


def test_each_case_catches_a_provider() -> None:
    """Each case fails for at least one broken provider."""
    caught = set().union(
        *LEDGERS.values(),
        *ON_THE_WIRE.values(),
        *broken_odd.BROKEN.values(),
        PROMISES.keys() - NAIVE_KEEPS,
    )
    assert set() == PROMISES.keys() - caught
