"""``paysdk list``."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import Checkpoint, Page
from paysdk.cli.commands.reading import estimate_total
from paysdk.testing import FaultPlan, open_sandbox, status

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from paysdk.testing import Sandbox
    from tests.cli.conftest import Outcome, Stream

    Command = Callable[..., Outcome]
    ServeApi = Callable[[str, Sandbox], AbstractContextManager[None]]

# The fifth request, and no other, is refused.
FIFTH_REFUSED = FaultPlan().on(5, status(400, body=b'{"detail": "Cursor\\nexpired."}'))


def ids(lines: str) -> list[str]:
    """The ids of the payments in lines of JSON."""
    return [json.loads(line)["id"] for line in lines.splitlines()]


def test_a_table_shows_some_and_counts_all(paysdk: Command) -> None:
    """A table shows the first twenty payments of each provider, and counts all."""
    outcome = paysdk("list", "campfire", "notify", "--sandbox", "--sandbox-payments", "120")
    lines = outcome.out.splitlines()

    assert (20, 20) == (
        sum(line.startswith("campfire ") for line in lines),
        sum(line.startswith("notify ") for line in lines),
    )
    assert [
        "campfire: 120 payments; notify: 120 payments, test key",
        "Only the first 20 of each are shown. Use --limit N for more, or --format csv.",
    ] == lines[-2:]


def test_a_limit_ends_the_listing(paysdk: Command) -> None:
    """With a limit, only so many payments are read, and the summary says `the first`."""
    outcome = paysdk(
        "list",
        "campfire",
        "--sandbox",
        "--sandbox-payments",
        "120",
        "--limit",
        "30",
        "--page-size",
        "20",
    )
    lines = outcome.out.splitlines()

    assert 30 == sum(line.startswith("campfire ") for line in lines)
    assert "campfire: the first 30 payments" == lines[-1]


@pytest.mark.parametrize(
    ("limit", "page_size", "said"),
    [
        (60, 100, "the first 60 payments"),
        (60, 20, "the first 60 payments"),
        (60, 60, "the first 60 payments"),
        (89, 50, "the first 89 payments"),
        (90, 90, "90 payments"),
        (90, 30, "90 payments"),
        (90, 100, "90 payments"),
        (91, 50, "90 payments"),
        (1, 100, "the first 1 payment"),
    ],
)
@pytest.mark.parametrize("output_format", ["table", "csv", "jsonl"])
def test_the_summary_tells_a_limit_from_the_end(
    paysdk: Command, limit: int, page_size: int, said: str, output_format: str
) -> None:
    """The summary says `the first` only if there are more, at every page size."""
    options = ("--limit", str(limit), "--page-size", str(page_size), "--format", output_format)
    outcome = paysdk(
        "list", "campfire", "notify", "--sandbox", "--sandbox-payments", "90", *options
    )
    summary = (outcome.out if output_format == "table" else outcome.err).splitlines()[-1]

    assert f"campfire: {said}; notify: {said}, test key" == summary.removeprefix("paysdk: ")


def test_without_payments_there_is_no_table(paysdk: Command) -> None:
    """Without payments there is only the count."""
    assert (
        "campfire: 0 payments\n"
        == paysdk("list", "campfire", "--sandbox", "--sandbox-payments", "0").out
    )


def test_programs_get_every_payment_to_the_digit(paysdk: Command) -> None:
    """JSON lines contain all payments, in order, with the amounts that the API sent."""
    sandbox = open_sandbox("campfire", payments=250)
    outcome = paysdk(
        "list", "campfire", "--sandbox", "--sandbox-payments", "250", "--format", "jsonl"
    )
    campfire: Any = sandbox
    sent = [(str(row["id"]), str(row["amount"])) for row in campfire.payments]

    assert sent == [
        (record["id"], record["amount"]) for record in map(json.loads, outcome.out.splitlines())
    ]
    assert "paysdk: campfire: 250 payments\n" == outcome.err


def test_csv_may_have_a_limit_and_a_currency(paysdk: Command) -> None:
    """The limit is for each provider, and the currency for payments without one."""
    outcome = paysdk(
        "list",
        "notify",
        "campfire",
        "--sandbox",
        "--format",
        "csv",
        "--limit",
        "2",
        "--currency",
        "XTS",
    )
    rows = [line.split(",") for line in outcome.out.splitlines()]

    assert ["provider", "notify", "notify", "campfire", "campfire"] == [row[0] for row in rows]
    assert ["currency", "XTS", "XTS", "USD", "GBP"] == [row[3] for row in rows]
    assert all(Decimal(row[2]) > 0 for row in rows[1:])


def test_csv_is_one_row_a_payment_and_no_formula(paysdk: Command, serve_api: ServeApi) -> None:
    """A line end does not split a row, and a formula runs only with ``--raw-text``."""
    sandbox: Any = open_sandbox("notify", payments=0)
    for name in ("=cmd|' /C calc'!A0", "Line 1\rLine 2"):
        sandbox.add_payment(customer={"id": "1", "number": "1", "name": name})
    with serve_api("NOTIFY", sandbox):
        usual = paysdk("list", "notify", "--format", "csv")
        raw = paysdk("list", "notify", "--format", "csv", "--raw-text", "--bom")

    for outcome, formula in ((usual, "'=cmd|' /C calc'!A0"), (raw, "=cmd|' /C calc'!A0")):
        header, *found = csv.reader(io.StringIO(outcome.out.removeprefix("\ufeff"), newline=""))
        assert [len(header)] * 2 == [len(row) for row in found]
        assert ["Line 1\rLine 2", formula] == [row[header.index("customer_name")] for row in found]
    assert (False, True) == (usual.out.startswith("\ufeff"), raw.out.startswith("\ufeffprovider,"))


def test_a_long_table_is_the_same_table(paysdk: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table in parts has the same rows and counts as a table that is printed at once."""
    every = ("list", "campfire", "notify", "--sandbox", "--sandbox-payments", "90", "--limit", "60")
    at_once = paysdk(*every).out.splitlines()
    monkeypatch.setattr("paysdk.cli.commands.list._ROWS_PER_PART", 25)
    in_parts = paysdk(*every).out.splitlines()

    assert 120 == sum(line.startswith(("campfire ", "notify ")) for line in in_parts)
    assert at_once[-2:] == in_parts[-2:]
    said = re.compile(r"INV-\d+|[\d,]+(?:\.\d+)? [A-Z]{3}")
    assert [said.findall(line) for line in at_once if "INV-" in line] == [
        said.findall(line) for line in in_parts if "INV-" in line
    ]


def test_without_payments_there_is_no_long_table(paysdk: Command) -> None:
    """Without payments there is only the count, at every limit."""
    assert (
        "campfire: 0 payments\n"
        == paysdk("list", "campfire", "--sandbox", "--sandbox-payments", "0", "--limit", "5000").out
    )


def test_a_long_table_without_a_provider_is_empty(
    paysdk: Command, install: Callable[..., None]
) -> None:
    """If the only provider cannot be used, nothing is printed but its error."""
    install("paysdk-broken", "Made = None", name="broken")
    outcome = paysdk("list", "broken", "--sandbox", "--limit", "5000")

    assert (1, "") == (outcome.code, outcome.out)


def test_a_listing_that_failed_can_be_continued(paysdk: Command, serve_api: ServeApi) -> None:
    """The error ends with a command that lists the rest, without a gap or a repeat."""
    with serve_api("CAMPFIRE", open_sandbox("campfire", payments=100, faults=FIFTH_REFUSED)):
        first = paysdk("list", "campfire", "--page-size", "10", "--format", "jsonl")
        summary, error = first.err.splitlines()
        resume = error.partition("To continue: paysdk ")[2].split()
        rest = paysdk(*resume, "--format", "jsonl")
        everything = paysdk("list", "campfire", "--format", "jsonl")

    assert (1, "paysdk: campfire: failed after 40 payments") == (first.code, summary)
    assert error.startswith("paysdk: 400 Cursor expired. [campfire: GET http://127.0.0.1:")
    assert (0, 100) == (rest.code, len(ids(everything.out)))
    assert ids(everything.out) == ids(first.out) + ids(rest.out)


def test_one_provider_fails_alone(
    paysdk: Command, serve_api: ServeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other providers are still listed, and the exit code is 1."""
    with (
        serve_api("CAMPFIRE", open_sandbox("campfire", payments=5)),
        serve_api("NOTIFY", open_sandbox("notify", payments=5)),
    ):
        monkeypatch.setenv("PAYSDK_NOTIFY_API_KEY", "live_revoked")
        outcome = paysdk("list", "campfire", "notify")

    assert 1 == outcome.code
    assert 5 == sum(line.startswith("campfire ") for line in outcome.out.splitlines())
    assert (
        "campfire: 5 payments; notify: failed after 0 payments, live key"
        == outcome.out.splitlines()[-1]
    )
    assert outcome.err.startswith("paysdk: 401 Missing authentication, or failed to authenticate")
    assert 1 == outcome.err.count("\n")


def test_a_key_of_neither_kind_is_not_named(paysdk: Command, serve_api: ServeApi) -> None:
    """If a key is neither a test key nor a live key, the summary does not call it one."""
    with serve_api("NOTIFY", open_sandbox("notify", payments=1, api_key="plain")):
        outcome = paysdk("list", "notify")

    assert "notify: 1 payment" == outcome.out.splitlines()[-1]


def test_voided_payments_can_be_selected(paysdk: Command) -> None:
    """A listing can have only voided payments, or only the others."""
    every = ("list", "campfire", "--sandbox", "--sandbox-payments", "60", "--format", "jsonl")
    voided, others = (
        paysdk(*every, option).out.splitlines() for option in ("--voided", "--not-voided")
    )

    assert {False} == {json.loads(line)["voided_date"] is None for line in voided}
    assert {True} == {json.loads(line)["voided_date"] is None for line in others}
    assert 60 == len(voided) + len(others)


def test_progress_shows_on_stderr(
    paysdk: Command, stream: type[Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal shows each provider and its number of payments during the work."""
    monkeypatch.setattr(sys, "stderr", terminal := stream(terminal=True))
    outcome = paysdk("list", "campfire", "notify", "--sandbox", "--sandbox-payments", "120")

    assert all(name in terminal.getvalue() for name in ("campfire", "notify", "payments"))
    assert "\x1b" not in outcome.out


MORE = Checkpoint("acme", "", "there")


@pytest.mark.parametrize(
    ("reported", "checkpoint", "given", "limit", "total"),
    [
        (3000, MORE, 100, None, 3000),
        (50, MORE, 50, None, None),
        (None, MORE, 50, None, None),
        (3000, MORE, 100, 120, 120),
        (50, MORE, 50, 120, 120),
        (3000, MORE, 120, 120, 120),
        (3000, None, 2999, None, 2999),
    ],
)
def test_the_total_is_estimated_from_the_page(
    reported: int | None,
    checkpoint: Checkpoint | None,
    given: int,
    limit: int | None,
    total: int | None,
) -> None:
    """A reported number counts only if it can be the number of all payments."""
    assert total == estimate_total(Page([], reported, checkpoint), given, limit)
