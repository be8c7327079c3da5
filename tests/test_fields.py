"""Every place that lists the fields of a payment knows each of them.

A new field of ``Payment`` needs a line in each provider's table, in the store, in the columns of
CSV, and in what the converter writes. These tests name the places that lack it.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import InvoiceRef, Payment, make_converter
from paysdk.providers.campfire.invoices import normalise as invoices
from paysdk.providers.campfire.normalise import CampfireRecord
from paysdk.providers.notify.normalise import NotifyRecord
from paysdk.sync.rows import SQLITE
from paysdk.sync.tables import CONTENT
from paysdk.tables.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
MONEYBIRD = EXAMPLES / "paysdk-moneybird" / "src" / "paysdk_moneybird" / "normalise.py"
CAMPFIRE_INVOICES = Path(invoices.__file__)
PAYMENT = Payment(provider="acme", id="1", amount=Decimal(1), invoice=InvoiceRef("2"))
# In rows, the parts of these fields have columns of their own.
PARTS = {"invoice": "invoice_id", "customer": "customer_id"}


def fields_of(kind: type[Any]) -> list[str]:
    """The public names of the fields of a payment."""
    return [str(field.alias) for field in attrs.fields(kind)]


def missing_fields(names: Iterable[str], places: dict[str, Iterable[str]]) -> list[str]:
    """A line for each field that a place does not know."""
    return [
        f"{place} has no {name!r}"
        for name in names
        for place, known in places.items()
        if name not in known
    ]


def row_names(known: Iterable[str]) -> set[str]:
    """The fields whose columns are *known*."""
    columns = set(known)
    return columns | {name for name, part in PARTS.items() if part in columns}


def places() -> dict[str, Iterable[str]]:
    """Each place, and the fields that it knows."""
    read = SQLITE.to_payment("acme", SQLITE.to_row(PAYMENT))
    # What a provider sends is in `raw` for each record, and a row of CSV does not have it.
    return {
        "CampfireRecord": {*vars(CampfireRecord), "raw"},
        "NotifyRecord": {*vars(NotifyRecord), "raw"},
        "MollieRecord": {*vars(example_record("mollie")), "raw"},
        "XeroRecord": {*vars(example_record("xero")), "raw"},
        "the payments of Campfire's invoices": arguments_in(CAMPFIRE_INVOICES),
        "the payments of Moneybird's invoices": arguments_in(MONEYBIRD),
        "the store's table payments": {*row_names(CONTENT), "provider"},
        "the payment that the store reads": {
            name for name in fields_of(Payment) if hasattr(read, name)
        },
        "the columns of CSV and of tables": {*row_names(COLUMNS), "raw"},
        "the converter": make_converter().unstructure(PAYMENT),
    }


def arguments_in(file: Path) -> set[str]:
    """The arguments with which *file* calls ``Payment``."""
    calls = [
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Payment", "sdk.Payment"}
    ]
    (made,) = calls
    return {each.arg for each in made.keywords if each.arg is not None}


def example_record(name: str) -> type[Any]:
    """The record of an example distribution that has a table."""
    source = str(EXAMPLES / f"paysdk-{name}" / "src")
    sys.path.insert(0, source)
    try:
        normalise = importlib.import_module(f"paysdk_{name}.normalise")
    finally:
        sys.path.remove(source)
    record: type[Any] = getattr(normalise, f"{name.capitalize()}Record")
    return record


def test_every_place_knows_every_field() -> None:
    """No field of a payment is forgotten anywhere."""
    assert [] == missing_fields(fields_of(Payment), places())


@pytest.mark.parametrize(
    "record", [CampfireRecord, NotifyRecord, example_record("mollie"), example_record("xero")]
)
def test_tables_have_the_order_of_a_payment(record: type[Any]) -> None:
    """The table of a provider lists the fields in the order in which a payment has them."""
    lines = re.findall(
        r"^    (?:def )?(\w+)(?:\(self\)|:| =)", inspect.getsource(record), re.MULTILINE
    )
    fields = [name for name in fields_of(Payment) if name != "raw"]
    assert fields == [name for name in lines if name in fields]


@attrs.frozen(kw_only=True)
class WithMethod(Payment):
    """A payment with another field."""

    method: str | None = None


@pytest.mark.parametrize("place", places())
def test_forgotten_field_is_named_with_its_place(place: str) -> None:
    """A new field is reported for each place that does not know it."""
    (added,) = set(fields_of(WithMethod)) - set(fields_of(Payment))
    found = missing_fields([added], places())
    assert f"{place} has no 'method'" in found
    assert len(found) == len(places())
