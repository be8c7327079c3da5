"""``paysdk invoices`` and ``paysdk accounts``."""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import TYPE_CHECKING

import attrs
import pytest

from paysdk import Account, InvoiceSummary
from paysdk.cli.commands.records import ACCOUNTS, INVOICES, RecordKind
from paysdk.cli.run import run
from paysdk.testing import FaultPlan, open_sandbox, status

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from paysdk.testing import Sandbox
    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]
    ServeApi = Callable[[str, Sandbox], AbstractContextManager[None]]

SANDBOX = ("--sandbox", "--sandbox-payments", "20")


def test_a_table_keeps_the_encoding_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what programs read is always in UTF-8."""
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", terminal)

    assert [0, "cp1252"] == [run(["accounts", "--sandbox"]), terminal.encoding]
    assert [0, "utf-8"] == [
        run(["accounts", "--sandbox", "--format", "csv"]),
        terminal.encoding,
    ]


def test_a_table_shows_the_first_invoices(paysdk: Command) -> None:
    """The table fits the width, shows twenty invoices, and says that there are more."""
    outcome = paysdk("invoices", *SANDBOX)
    lines = outcome.out.splitlines()

    assert (0, "") == (outcome.code, outcome.err)
    assert "Only the first 20 are shown. Use --limit N for more, or --format csv." == lines[-1]
    assert 20 == sum(line[:5].isdecimal() for line in lines)
    assert max(map(len, lines)) <= 80
    assert ("INV-0000493", "1,650.90 GBP") == tuple(
        word for word in ("INV-0000493", "1,650.90 GBP") if word in outcome.out
    )


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (("--number", "INV-0000493"), ["47864"]),
        (("--client", "24034", "--currency", "gbp"), ["47864", "58714"]),
        (("--status", "nothing", "--entity", "54", "--page-size", "5"), []),
        (("--limit", "2", "--page-size", "1"), ["47864", "47865"]),
    ],
    ids=" ".join,
)
def test_filters_and_csv(paysdk: Command, options: tuple[str, ...], ids: list[str]) -> None:
    """Each filter reaches the API, and CSV has every field in its order."""
    outcome = paysdk("invoices", *SANDBOX, *options, "--format", "csv")
    rows = [*csv.DictReader(io.StringIO(outcome.out))]

    assert (0, ids) == (outcome.code, [row["id"] for row in rows])
    assert ",".join(INVOICES.fields) == outcome.out.splitlines()[0]
    assert outcome.err.startswith(f"paysdk: {len(ids)} invoice")


def test_nothing_found_says_so(paysdk: Command) -> None:
    """An empty table says so."""
    outcome = paysdk("invoices", *SANDBOX, "--number", "nothing")

    assert (0, "No invoices.\n") == (outcome.code, outcome.out)


def test_all_accounts_are_shown(paysdk: Command) -> None:
    """The chart of accounts is shown whole, with the integer ids."""
    outcome = paysdk("accounts", "--sandbox")

    assert (0, "") == (outcome.code, outcome.err)
    assert "2561  1050 - Payments Clearing    OTHER_CURRENT_ASSET" in outcome.out
    assert 7 == sum(line[:4].isdecimal() for line in outcome.out.splitlines())


def test_json_lines_have_everything(paysdk: Command) -> None:
    """Each line is one account, with what the API sent."""
    outcome = paysdk("accounts", "--sandbox", "--limit", "1", "--format", "jsonl")
    (account,) = map(json.loads, outcome.out.splitlines())

    assert (2551, "BANK") == (account["id"], json.loads(account["raw"])["account_subtype"])
    assert "paysdk: 1 account\n" == outcome.err


@pytest.mark.parametrize("options", [("--currency", "EURO"), ("--page-size", "0")], ids=" ".join)
def test_wrong_input_is_refused(paysdk: Command, options: tuple[str, ...]) -> None:
    """The exit code is 2, and nothing is sent."""
    assert (2, "") == (
        (outcome := paysdk("invoices", *SANDBOX, *options)).code,
        outcome.out,
    )


def test_a_provider_that_cannot_is_refused(paysdk: Command) -> None:
    """The error names the providers that can."""
    outcome = paysdk("accounts", "--provider", "notify", "--sandbox")

    assert (
        2,
        "paysdk: notify cannot list accounts. These providers can: campfire.\n",
    ) == (outcome.code, outcome.err)


@pytest.mark.parametrize("output_format", ["table", "csv"])
def test_a_failure_keeps_what_was_read(
    paysdk: Command, serve_api: ServeApi, output_format: str
) -> None:
    """What came before the failure is shown, and the exit code is 1."""
    faults = FaultPlan().on(2, status(400, body=b'{"detail": "No."}'))
    with serve_api("CAMPFIRE", open_sandbox("campfire", payments=20, faults=faults)):
        outcome = paysdk("invoices", "--page-size", "3", "--format", output_format)

    assert 1 == outcome.code
    assert "47866" in outcome.out
    assert ("400 No." in outcome.err, "--resume" in outcome.err) == (True, False)


def test_a_closed_pipe_is_no_failure(paysdk: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the output is not blamed on the provider."""

    def close(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("paysdk.cli.commands.records.jsonl_writer", lambda _: close)
    monkeypatch.setattr("paysdk.cli.run.discard_output", lambda _: None)
    outcome = paysdk("accounts", "--sandbox", "--format", "jsonl")

    assert (0, "", "") == (outcome.code, outcome.out, outcome.err)


@pytest.mark.parametrize(
    ("kind", "record"),
    [(INVOICES, InvoiceSummary), (ACCOUNTS, Account)],
    ids=["invoices", "accounts"],
)
def test_csv_has_every_field(kind: RecordKind, record: type) -> None:
    """A new field of a record gets a column."""
    assert {field.name for field in attrs.fields(record)} - {"_raw"} == {*kind.fields}
