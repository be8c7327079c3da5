"""``paysdk invoice``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from paysdk import ConfigurationError, Invoice
from paysdk.cli.commands.invoice import invoice_provider, show_invoice
from paysdk.cli.providers import ProviderSelection
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]

SANDBOX = ("--sandbox", "--sandbox-payments", "20")


def test_an_invoice_is_shown_with_its_lines_and_payments(paysdk: Command) -> None:
    """What a person looks for on an invoice is there, within the width."""
    outcome = paysdk("invoice", "47864", *SANDBOX)
    lines = outcome.out.splitlines()

    assert (0, "") == (outcome.code, outcome.err)
    assert lines[0].startswith("╭─ Invoice INV-0000493 ─")
    assert all(
        word in outcome.out
        for word in (
            "Client 24034",
            "Status",
            "Enterprise Subscription",
            "Total",
            "Due",
            "1,650.90 GBP",
            "22225",
        )
    )
    assert max(map(len, lines)) <= 80


def test_an_invoice_without_payments_says_so(paysdk: Command) -> None:
    """An open invoice shows what is due."""
    outcome = paysdk("invoice", "58700", *SANDBOX, "--provider", "campfire")

    assert "No payments." in outcome.out
    assert "1,033.33" in outcome.out


def test_json_has_every_field(paysdk: Command) -> None:
    """A program gets what was sent, and amounts as text."""
    outcome = paysdk("invoice", "47864", *SANDBOX, "--format", "json")
    invoice = json.loads(outcome.out)

    assert (47864, "1650.90") == (invoice["id"], invoice["total_amount"])
    assert (
        open_sandbox("campfire", payments=20).invoice(47864).keys()  # type: ignore[attr-defined]
        == json.loads(invoice["raw"]).keys()
    )


def test_an_unknown_invoice_is_told_in_the_apis_words(paysdk: Command) -> None:
    """A refusal is exit code 1 and one line."""
    outcome = paysdk("invoice", "1", *SANDBOX)

    assert (1, "", 1) == (outcome.code, outcome.out, outcome.err.count("\n"))
    assert outcome.err.startswith("paysdk: 404 Not found.")


def test_a_provider_without_invoices_is_refused(paysdk: Command) -> None:
    """Who can give one is said."""
    outcome = paysdk("invoice", "1", "--provider", "notify")

    assert (
        2,
        "paysdk: notify gives no single invoices. The providers that can are: campfire.\n",
    ) == (outcome.code, outcome.err)


def test_an_unknown_provider_is_refused() -> None:
    """A name that is not installed is an error of its own."""
    with pytest.raises(ConfigurationError, match="There is no provider 'nowhere'"):
        invoice_provider("nowhere")


def test_a_choice_is_left_to_the_user(install: Callable[..., None]) -> None:
    """Where several can give invoices, none is taken for the one that is meant."""
    install("acme", "class Made:\n    name = 'acme'\n\n    def retrieve_invoice(self): ...")

    with pytest.raises(
        ConfigurationError,
        match=r"Name a provider with --provider\. The providers that can are: acme, campfire\.",
    ):
        invoice_provider(None)


def test_a_broken_provider_is_no_choice(install: Callable[..., None]) -> None:
    """It harms nothing else."""
    install("broken", "raise RuntimeError")

    assert "campfire" == invoice_provider(None)


def test_a_provider_is_asked_only_for_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its class promised, the open provider must be able to."""
    monkeypatch.setenv("PAYSDK_NOTIFY_API_KEY", "any")

    with pytest.raises(ConfigurationError, match="notify gives no single invoices"):
        show_invoice(ProviderSelection(names=("notify",)), 1, "panel")


def test_an_invoice_of_little_is_shown_as_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the API did not send is left out."""

    def bare(work: object) -> Invoice:
        work.close()  # type: ignore[attr-defined]  # a coroutine that is not wanted here
        return Invoice(id=7)

    monkeypatch.setattr("paysdk.cli.commands.invoice.run_async", bare)
    show_invoice(ProviderSelection(names=("campfire",)), 7, "panel")

    assert ["Invoice 7", "Id  7", "No payments."] == [
        text for line in capsys.readouterr().out.splitlines() if (text := line.strip("╭╮╰╯│─ "))
    ]
