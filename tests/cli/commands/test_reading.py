"""Read the payments of several providers, and choose among them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from paysdk.testing import FaultPlan, open_sandbox, status

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from paysdk.testing import Sandbox
    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]
    ServeApi = Callable[[str, Sandbox], AbstractContextManager[None]]

SANDBOX = ("--sandbox", "--sandbox-payments", "60")


def rows(outcome: Outcome) -> list[dict[str, str]]:
    """The payments in lines of CSV."""
    return list(csv.DictReader(outcome.out.splitlines()))


@pytest.fixture(scope="module")
def every_payment() -> list[dict[str, str]]:
    """What the sandbox of Campfire has, by day of payment and id."""
    sandbox = open_sandbox("campfire", payments=60)
    return [
        {"id": str(row["id"]), "payment_date": str(row["payment_date"])}
        for row in sandbox.payments  # type: ignore[attr-defined]  # Campfire's has them
    ]


def test_days_choose_payments(paysdk: Command, every_payment: list[dict[str, str]]) -> None:
    """Both bounds are included, on every page, and a limit counts what is chosen."""
    days = ("--paid-since", "2024-12-28", "--paid-until", "2024-12-30")
    pages = ("--page-size", "7", "--format", "csv")
    chosen = [
        each["id"] for each in every_payment if "2024-12-28" <= each["payment_date"] <= "2024-12-30"
    ]
    outcome = paysdk("list", "campfire", *SANDBOX, *days, *pages)
    limited = paysdk("list", "campfire", *SANDBOX, *days, *pages, "--limit", "5")

    assert 5 < len(chosen) < 60
    assert chosen == [row["id"] for row in rows(outcome)]
    assert f"paysdk: campfire: {len(chosen)} payments\n" == outcome.err
    assert chosen[:5] == [row["id"] for row in rows(limited)]
    assert "paysdk: campfire: the first 5 payments\n" == limited.err


@pytest.mark.parametrize("output_format", ["csv", "table"])
def test_the_last_payments_are_those_at_the_end(
    paysdk: Command, every_payment: list[dict[str, str]], output_format: str
) -> None:
    """All are read, and the summary says how many."""
    options = ("--last", "5", "--page-size", "7", "--format", output_format)
    outcome = paysdk("list", "campfire", *SANDBOX, *options)
    said = outcome.err if output_format == "csv" else outcome.out

    assert "campfire: the last 5 of 60 payments" == said.splitlines()[-1].removeprefix("paysdk: ")
    if output_format == "csv":
        assert [each["id"] for each in every_payment[-5:]] == [row["id"] for row in rows(outcome)]
    else:
        assert 5 == sum(line.startswith("campfire ") for line in outcome.out.splitlines())


@pytest.mark.parametrize("number", ["2000", "9" * 20])
def test_fewer_payments_than_the_last_are_all(paysdk: Command, number: str) -> None:
    """The summary then says their number only."""
    outcome = paysdk("list", "campfire", *SANDBOX, "--last", number, "--format", "csv")

    assert (60, "paysdk: campfire: 60 payments\n") == (len(rows(outcome)), outcome.err)


@pytest.mark.parametrize("output_format", ["csv", "table"])
def test_customers_are_looked_up(paysdk: Command, output_format: str) -> None:
    """Campfire's come from its invoices, and Notify sends them with its payments."""
    options = ("--customers", "--limit", "3", "--format", output_format)
    outcome = paysdk("list", "campfire", "notify", *SANDBOX, *options)

    if output_format == "csv":
        names = [row["customer_name"] for row in rows(outcome)]
        assert (6, True) == (len(names), all(names))
        assert all(name.startswith("Client ") for name in names[:3])
    else:
        assert 3 == outcome.out.count("Client 24")


def test_a_table_looks_up_what_it_shows(paysdk: Command, serve_api: ServeApi) -> None:
    """The customers of the payments that are only counted are not requested."""
    sandbox = open_sandbox("campfire", payments=60)
    with serve_api("CAMPFIRE", sandbox):
        outcome = paysdk("list", "campfire", "--customers", "--page-size", "10")

    assert 20 == outcome.out.count("Client 24")
    invoices = [each for each in sandbox.requests if "/invoice/" in each.target]
    assert 1 == len(invoices)


def test_a_lookup_that_fails_is_an_error(paysdk: Command, serve_api: ServeApi) -> None:
    """Without `--customers` the payments are there."""
    faults = FaultPlan().on(2, status(403, body=b'{"detail": "No invoices."}'))
    with serve_api("CAMPFIRE", open_sandbox("campfire", payments=5, faults=faults)):
        outcome = paysdk("list", "campfire", "--customers")

    assert 1 == outcome.code
    assert "No invoices." in outcome.err


def test_last_and_limit_exclude_each_other(paysdk: Command) -> None:
    """They choose from different ends."""
    outcome = paysdk("list", "campfire", *SANDBOX, "--last", "5", "--limit", "5")

    assert (2, 1) == (outcome.code, outcome.err.count("\n"))
    assert "--last and --limit choose different payments" in outcome.err


def test_amounts_are_written_as_in_a_country(paysdk: Command) -> None:
    """Only people see this form, and programs get the digits that were sent."""
    table = paysdk("list", "campfire", *SANDBOX, "--limit", "20", "--locale", "de")
    plain = paysdk("list", "campfire", *SANDBOX, "--limit", "20", "--format", "csv")

    assert "," in table.out
    amounts = [row["amount"] for row in rows(plain)]
    assert any(amount.replace(".", ",") in table.out.replace(".", "") for amount in amounts)
    assert 2 == paysdk("list", "campfire", *SANDBOX, "--locale", "xx").code
