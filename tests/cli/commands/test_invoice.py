"""``paysdk invoice``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import ConfigurationError, Invoice
from paysdk.cli.commands.invoice import find_invoice_provider, show_invoice
from paysdk.cli.providers import ProviderSelection
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]

SANDBOX = ("--sandbox", "--sandbox-payments", "20")


def test_an_invoice_is_shown_with_its_lines_and_payments(paysdk: Command) -> None:
    """The panel shows the facts, the lines and the payments, and fits the width."""
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
    """An invoice without payments says so, and shows the amount due."""
    outcome = paysdk("invoice", "58700", *SANDBOX, "--provider", "campfire")

    assert "No payments." in outcome.out
    assert "1,033.33" in outcome.out


def test_json_has_every_field(paysdk: Command) -> None:
    """JSON contains every field that was sent, and amounts as text."""
    outcome = paysdk("invoice", "47864", *SANDBOX, "--format", "json")
    invoice = json.loads(outcome.out)
    campfire: Any = open_sandbox("campfire", payments=20)

    assert (47864, "1650.90") == (invoice["id"], invoice["total_amount"])
    assert campfire.invoice(47864).keys() == json.loads(invoice["raw"]).keys()


def test_an_unknown_invoice_is_reported_in_the_apis_words(paysdk: Command) -> None:
    """An unknown invoice is exit code 1 and one line with the API's words."""
    outcome = paysdk("invoice", "1", *SANDBOX)

    assert (1, "", 1) == (outcome.code, outcome.out, outcome.err.count("\n"))
    assert outcome.err.startswith("paysdk: 404 Not found.")


def test_a_provider_without_invoices_is_refused(paysdk: Command) -> None:
    """The error names the providers that can retrieve one."""
    outcome = paysdk("invoice", "1", "--provider", "notify")

    assert (
        2,
        "paysdk: notify cannot retrieve an invoice. These providers can: campfire.\n",
    ) == (outcome.code, outcome.err)


def test_an_unknown_provider_is_refused() -> None:
    """A name that is not installed is refused."""
    with pytest.raises(ConfigurationError, match="There is no provider 'nowhere'"):
        find_invoice_provider("nowhere")


def test_a_choice_of_providers_is_refused(install: Callable[..., None]) -> None:
    """If several providers have invoices, the user must name one."""
    install("acme", "class Made:\n    name = 'acme'\n\n    def retrieve_invoice(self): ...")

    with pytest.raises(
        ConfigurationError,
        match=r"These providers can: acme, campfire\.",
    ):
        find_invoice_provider(None)


def test_a_broken_provider_is_no_choice(install: Callable[..., None]) -> None:
    """A provider that cannot be imported is not a choice."""
    install("broken", "raise RuntimeError")

    assert "campfire" == find_invoice_provider(None)


def test_an_open_provider_without_invoices_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the open provider cannot retrieve invoices, the command is refused."""
    monkeypatch.setenv("PAYSDK_NOTIFY_API_KEY", "any")

    with pytest.raises(ConfigurationError, match="notify cannot retrieve an invoice"):
        show_invoice(ProviderSelection(names=("notify",)), 1, "panel")


def test_a_sparse_invoice_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A field that the API did not send is left out."""

    def bare(work: object) -> Invoice:
        work.close()  # type: ignore[attr-defined]  # a coroutine that is not wanted here
        return Invoice(id=7)

    monkeypatch.setattr("paysdk.cli.commands.invoice.run_async", bare)
    show_invoice(ProviderSelection(names=("campfire",)), 7, "panel")

    assert ["Invoice 7", "Id  7", "No payments."] == [
        text for line in capsys.readouterr().out.splitlines() if (text := line.strip("╭╮╰╯│─ "))
    ]
