"""The commands, their options and their errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Outcome

    Command = Callable[..., Outcome]

SANDBOX = ("--sandbox", "--sandbox-payments", "1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pay"], "No such command 'pay'. See: paysdk --help"),
        (["list"], "Missing argument 'NAME'. See: paysdk --help"),
        (["list", "campfire", "--api-key", "hidden"], "No such option: --api-key"),
        (["list", "campfire", "--limit", "0", *SANDBOX], "Invalid value for '--limit'"),
        (["list", "campfire", "--page-size", "many", *SANDBOX], "Invalid value for '--page-size'"),
        (
            ["list", "campfire", "--page-size", "0", *SANDBOX],
            "campfire: page_size must be a whole number from 1 to 10000, not 0.",
        ),
        (
            ["list", "campfire", "notify", "--page-size", "251", *SANDBOX],
            "notify: page_size must be a whole number from 1 to 250, not 251.",
        ),
        (["list", "campfire"], "There is no key for campfire: set PAYSDK_CAMPFIRE_API_KEY"),
        (
            ["list", "nowhere", *SANDBOX],
            "There is no provider 'nowhere'. Installed: campfire, notify.",
        ),
        (
            ["list", "campfire", "--since", "yesterday", *SANDBOX],
            "--since takes a date or a time, such as 2026-01-31",
        ),
        (
            ["list", "campfire", "--until", "2026-01-31T08:00", *SANDBOX],
            "--until needs a time zone, such as UTC: 2026-01-31T08:00Z.",
        ),
        (
            ["list", "campfire", "--since", "2026-02-01", "--until", "2026-01-31", *SANDBOX],
            "campfire: modified_since",
        ),
        (
            ["list", "notify", "--since", "2026-01-31", *SANDBOX],
            "Notify cannot filter by modified_since.",
        ),
        (["list", "notify", "--not-voided", *SANDBOX], "Notify cannot filter by voided."),
        (
            ["list", "campfire", "--resume", "nonsense", *SANDBOX],
            "campfire: This is not a checkpoint",
        ),
        (
            ["list", "campfire", "notify", "--resume", "any", *SANDBOX],
            "--resume is for one provider",
        ),
        (
            ["list", "campfire", "--currency", "EUR", *SANDBOX],
            "--currency is for providers that send no currency. campfire sends one: leave it out.",
        ),
        (
            ["list", "notify", "--currency", " ", *SANDBOX],
            "--currency takes a code of ISO 4217, such as EUR, not ' '.",
        ),
        (
            ["list", "notify", "--currency", "EURO", "--key-file", "notify=none"],
            "--currency takes a code of ISO 4217, such as EUR, not 'EURO'.",
        ),
        (
            ["list", "campfire", "--key-file", "hidden"],
            "--key-file takes NAME=PATH. NAME must be a provider of this command: campfire.",
        ),
        (["list", "campfire", "--key-file", "notify=key"], "--key-file takes NAME=PATH"),
        (
            ["list", "campfire", "--key-file", "campfire=key", *SANDBOX],
            "--sandbox needs no key: leave --key-file out.",
        ),
        (
            ["list", "campfire", "--bom", *SANDBOX],
            "--bom is for CSV: add --format csv, or leave it out.",
        ),
        (
            ["list", "campfire", "--raw-text", "--format", "jsonl", *SANDBOX],
            "--raw-text is for CSV",
        ),
        (["reconcile", "campfire", "notify", "--from", "none.db", "--bom"], "--bom is for CSV"),
        (["invoice", "first", *SANDBOX], "Invalid value for 'ID'"),
        (["sandbox", "nowhere"], "There is no sandbox 'nowhere'"),
    ],
)
def test_bad_input_is_one_line(paysdk: Command, arguments: list[str], message: str) -> None:
    """Wrong input is one line on stderr and exit code 2."""
    outcome = paysdk(*arguments)

    assert (2, "", 1) == (outcome.code, outcome.out, outcome.err.count("\n"))
    assert outcome.err.startswith(f"paysdk: {message}")
    assert "hidden" not in outcome.err


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_the_commands(paysdk: Command, arguments: list[str]) -> None:
    """The help names the commands."""
    outcome = paysdk(*arguments)

    assert (0, "") == (outcome.code, outcome.err)
    assert all(name in outcome.out for name in ("providers", "list", "invoice", "sandbox"))
