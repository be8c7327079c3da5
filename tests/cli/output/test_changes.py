"""Changes of payments, each on a line."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs
import pytest

from paysdk import InvoiceRef, Payment, PaymentChange
from paysdk.cli.output.changes import ChangesTable, write_json_line

if TYPE_CHECKING:
    from paysdk.follow.known import FollowedKind


def change(
    number: int,
    kind: FollowedKind = "created",
    amount: str = "10.00",
) -> PaymentChange:
    """A change of a payment."""
    payment = Payment(
        provider="acme",
        id=str(number),
        amount=Decimal(amount),
        currency="EUR",
        invoice=InvoiceRef("9", "INV-9"),
    )
    return PaymentChange(kind=kind, payment=payment)


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")


def test_table_grows(capsys: pytest.CaptureFixture[str]) -> None:
    """A line has the time and the kind, and a wider column repeats the header."""
    table = ChangesTable()
    for each in (change(1), change(2, "voided"), change(3, "changed", "1234567.00")):
        table.write(each)
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if ":" in line[:3]]

    assert "Time      Change   Provider  Payment  Invoice" == lines[0][:45]
    assert {"─"} == set(lines[1])
    assert ["created", "voided", "changed"] == [row[10:19].strip() for row in rows]
    assert ["acme", "acme", "acme"] == [row[19:23] for row in rows]
    assert 2 == sum(line.startswith("Time") for line in lines)
    for row in rows:
        datetime.strptime(row[:8], "%H:%M:%S")  # noqa: DTZ007  # only its form


def test_providers_take_turns(capsys: pytest.CaptureFixture[str]) -> None:
    """A change of another provider comes on the next line."""
    table = ChangesTable()
    for provider in ("acme", "ecma", "acme"):
        one = change(1)
        table.write(attrs.evolve(one, payment=attrs.evolve(one.payment, provider=provider)))

    assert 5 == len(capsys.readouterr().out.splitlines())


def test_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An amount is whole in any width."""
    monkeypatch.setenv("COLUMNS", "5")
    ChangesTable().write(change(1))

    assert capsys.readouterr().out.endswith("10.00 EUR\n")


def test_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets an object with the kind, and the payment with an exact amount."""
    write_json_line(change(1, "voided"))
    found = json.loads(capsys.readouterr().out)

    assert ("voided", "10.00", "acme") == (
        found["kind"],
        found["payment"]["amount"],
        found["payment"]["provider"],
    )
