"""Tests of the cases about listings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import ContractSubject
from paysdk.testing.contract.listings import ListingCases
from tests.testing.contract import broken_clients
from tests.testing.contract.broken import Broken, each_broken
from tests.testing.contract.running import run_cases

if TYPE_CHECKING:
    from paysdk.pagination import HalFrom


@pytest.mark.parametrize(
    ("kind", "short_page_ends", "caught"),
    [
        (broken_clients.EndsAtAShortPage, True, False),
        (broken_clients.EndsAtAShortPage, False, True),
        (broken_clients.AsksByTheLastId, False, False),
    ],
)
def test_what_an_api_allows(kind: type[HalFrom], *, short_page_ends: bool, caught: bool) -> None:
    """A short page may end a listing, and an empty page may raise, if the API works that way."""
    provider = broken_clients.with_pages(kind)
    said = run_cases(
        lambda payments: ContractSubject(
            provider=provider,
            sandbox=NotifySandbox(payments=payments),
            short_page_ends=short_page_ends,
        ),
        ["test_goes_on_after_a_short_page"],
    )
    assert caught is bool(said)


@each_broken(ListingCases)
def test_broken_provider_is_caught(broken: Broken) -> None:
    """A provider that breaks a promise about listings fails its cases, and no others."""
    said = broken.failing_cases()
    assert broken.cases == said.keys(), said
