"""The outcomes of a reconciliation, printed."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from paysdk import InvoiceRef, Payment
from paysdk.cli.output.outcomes import COLUMNS, csv_writer, jsonl_writer, print_report, summarise
from paysdk.reconcile import Outcome, Report, Rule, Status

if TYPE_CHECKING:
    import pytest


def make_payment(provider: str, name: str, amount: str) -> Payment:
    """A payment of the invoice A."""
    return Payment(
        provider=provider,
        id=name,
        amount=Decimal(amount),
        currency="EUR",
        payment_date=date(2026, 1, 31),
        invoice=InvoiceRef("9", "A"),
    )


SPLIT = Outcome(
    status=Status.MATCHED,
    rule=Rule.SPLIT,
    key="A",
    left=(make_payment("acme", "1", "100.00"),),
    right=(make_payment("beta", "1", "60.00"), make_payment("beta", "2", "40.00")),
)
ALONE = Outcome(
    status=Status.LEFT_ONLY,
    rule=Rule.NOT_THERE,
    key="A",
    left=tuple(make_payment("acme", str(number), "1") for number in range(9)),
)


def test_the_payments_of_an_outcome_share_its_number() -> None:
    """A row of CSV is one payment, and the columns have their promised order."""
    out = io.StringIO(newline="")
    write = csv_writer(out)
    write(SPLIT)
    write(ALONE)
    header, *rows = csv.reader(io.StringIO(out.getvalue(), newline=""))

    assert [*COLUMNS] == header
    number, side, amount = (header.index(name) for name in ("outcome", "side", "amount"))
    assert [
        ("1", "left", "100.00"),
        ("1", "right", "60.00"),
        ("1", "right", "40.00"),
        *[("2", "left", "1")] * 9,
    ] == [(row[number], row[side], row[amount]) for row in rows]


def test_a_line_of_json_is_one_outcome() -> None:
    """A line of JSON has the outcome and its payments, with amounts as exact text."""
    out = io.StringIO()
    jsonl_writer(out)(SPLIT)
    record = json.loads(out.getvalue())

    assert ("matched", "split", "A", "0.00") == tuple(
        record[name] for name in ("status", "rule", "key", "difference")
    )
    assert (["100.00"], ["60.00", "40.00"]) == tuple(
        [payment["amount"] for payment in record[side]] for side in ("left", "right")
    )


def test_many_payments_of_one_outcome_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """A table shows five payments of an outcome, and counts the others."""
    report = Report(left="acme", right="beta")
    report.add(SPLIT)
    report.add(ALONE)
    print_report(report)
    lines = capsys.readouterr().out.splitlines()

    assert 5 == sum("1.00 EUR" in line for line in lines)
    assert any("and 4 more" in line for line in lines)
    assert summarise(report) == lines[-1] == "acme and beta: 1 matched, 1 only in acme"
