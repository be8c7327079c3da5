"""The contract as a whole: what keeps it, what breaks half of it, and that each case can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import ContractSubject
from paysdk.testing.contract import listings, promises
from tests.testing.contract.broken import BROKEN
from tests.testing.contract.ledger import Ledger
from tests.testing.contract.naive_client import NaiveClient
from tests.testing.contract.running import PROMISES, in_memory, run_cases

if TYPE_CHECKING:
    import pytest

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
    caught = set().union(*(each.cases for each in BROKEN), PROMISES.keys() - NAIVE_KEEPS)
    assert set() == PROMISES.keys() - caught
