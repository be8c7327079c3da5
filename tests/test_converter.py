"""Tests of conversion to dicts and JSON and back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cattrs
import pytest
from cattrs.errors import BaseValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

import paysdk.providers
from paysdk.checkpoint import Checkpoint
from paysdk.converter import make_converter
from paysdk.payment import CustomerRef, InvoiceRef, Payment
from paysdk.provider import ListingReport, Page
from paysdk.providers.campfire.invoices.normalise import read_invoice
from paysdk.providers.campfire.invoices.schema import Invoice
from paysdk.providers.campfire.paying.order import CreditMemoRef, PayOutcome

if TYPE_CHECKING:
    import attrs

CONVERTER = make_converter()
SAMPLES = Path(paysdk.providers.__file__).parent / "campfire" / "samples"

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
AMOUNT = st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [Decimal("1E+3"), Decimal("100.10"), Decimal("-0.00")]
)
MOMENT = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
RAW = st.dictionaries(
    TEXT,
    st.none() | st.booleans() | st.integers() | AMOUNT | TEXT | st.lists(AMOUNT, max_size=2),
    max_size=3,
)
PAYMENTS = st.builds(
    Payment,
    provider=TEXT,
    id=TEXT,
    amount=AMOUNT,
    currency=st.none() | TEXT,
    payment_date=st.none() | st.dates(),
    invoice=st.builds(InvoiceRef, TEXT, st.none() | TEXT, st.none() | AMOUNT, st.none() | AMOUNT),
    customer=st.none()
    | st.builds(CustomerRef, st.none() | TEXT, st.none() | TEXT, st.none() | TEXT),
    external_id=st.none() | TEXT,
    source=st.none() | TEXT,
    voided_date=st.none() | st.dates(),
    voided=st.booleans(),
    created_at=st.none() | MOMENT,
    modified_at=st.none() | MOMENT,
    raw=RAW,
)


def convert_both_ways(value: attrs.AttrsInstance) -> list[Any]:
    """Convert *value* to a dict and back, and to JSON and back."""
    kind = type(value)
    return [
        CONVERTER.structure(CONVERTER.unstructure(value), kind),
        CONVERTER.loads(CONVERTER.dumps(value), kind),
    ]


@settings(max_examples=60)
@given(PAYMENTS)
def test_payment_comes_back_equal_and_exact(payment: Payment) -> None:
    """A payment keeps every field, its digits and its raw."""
    for back in convert_both_ways(payment):
        assert payment == back
        assert repr(payment) == repr(back)
        assert payment.raw == back.raw


@settings(max_examples=30)
@given(
    st.lists(PAYMENTS, max_size=2),
    st.none() | st.integers(0),
    st.none() | st.builds(Checkpoint, TEXT, TEXT, TEXT),
)
def test_page_comes_back_equal(
    payments: list[Payment], count: int | None, checkpoint: Checkpoint | None
) -> None:
    """A page keeps its payments and its checkpoint."""
    page = Page(payments, count, checkpoint)
    assert [page, page] == convert_both_ways(page)


@settings(max_examples=30)
@given(
    st.builds(
        ListingReport,
        pages=st.integers(0),
        reported_first=st.none() | st.integers(),
        complete=st.booleans(),
    )
)
def test_report_comes_back_equal(report: ListingReport) -> None:
    """A report keeps its counts."""
    assert [report, report] == convert_both_ways(report)


@pytest.mark.parametrize("name", ["retrieve_invoice", "mark_invoice_paid"])
@pytest.mark.parametrize("sent_at", ["2025-05-02T16:24:50+0000", "2025-05-02", None])
def test_invoice_comes_back_equal(name: str, sent_at: str | None) -> None:
    """An invoice keeps its lines, payments and attachments, and the types of its dates."""
    invoice = read_invoice(
        json.dumps(
            json.loads((SAMPLES / f"{name}.json").read_bytes()) | {"auto_sent_at": sent_at}
        ).encode()
    )
    for back in convert_both_ways(invoice):
        assert invoice == back
        assert repr(invoice) == repr(back)
        assert invoice.raw == back.raw
        assert [payment.raw for payment in invoice.payments] == [
            payment.raw for payment in back.payments
        ]


def test_outcome_comes_back_equal() -> None:
    """An outcome keeps its invoice, or None."""
    invoice = read_invoice((SAMPLES / "mark_invoice_paid.json").read_bytes())
    memo = CreditMemoRef("4030", "CM-1")
    for outcome in (
        PayOutcome(("1", "2"), invoice),
        PayOutcome((), drafted=True),
        PayOutcome(("1",), None, credit_memos=(memo,), external_ids_kept=False),
    ):
        assert [outcome, outcome] == convert_both_ways(outcome)


def test_free_form_fields() -> None:
    """A field documented as "any" keeps its shape; a fraction becomes the text of its digits."""
    invoice = read_invoice(
        b'{"id":1,"reminder_sent_dates":{"5":"2024-01-15","list":[1,null,true]},'
        b'"integration_context":1.50}'
    )
    back = CONVERTER.structure(CONVERTER.unstructure(invoice), Invoice)
    assert {"5": "2024-01-15", "list": [1, None, True]} == back.reminder_sent_dates
    assert "1.50" == back.integration_context


def test_dict_is_of_json_types_only() -> None:
    """Any JSON library can write the result: amounts, dates, times and raw are texts."""
    payment = Payment(
        provider="campfire",
        id="1",
        amount=Decimal("100.10"),
        invoice=InvoiceRef("7", None, Decimal("1E+3")),
        payment_date=date(2026, 1, 2),
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        raw=b'{"amount":100.10}',
    )
    expected = {
        "provider": "campfire",
        "id": "1",
        "amount": "100.10",
        "currency": None,
        "payment_date": "2026-01-02",
        "invoice": {"id": "7", "number": None, "total": "1E+3", "balance": None},
        "customer": None,
        "external_id": None,
        "source": None,
        "voided_date": None,
        "voided": False,
        "created_at": "2026-01-02T03:04:05+00:00",
        "modified_at": None,
        "raw": '{"amount":100.10}',
    }
    assert expected == CONVERTER.unstructure(payment)
    assert (
        expected
        == json.loads(json.dumps(CONVERTER.unstructure(payment)))
        == json.loads(CONVERTER.dumps(payment))
    )


NO_AMOUNTS: list[object] = [
    1.5,
    "NaN",
    "-Infinity",
    Decimal("NaN"),
    "1_000",
    " 1",
    "1,50",
    "",
    None,
    True,
    [],
]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("amount", amount) for amount in NO_AMOUNTS],
        ("payment_date", "02-01-2026"),
        ("payment_date", 5),
        ("created_at", "yesterday"),
        ("raw", 5),
        ("raw", "{"),
        ("invoice", None),
    ],
    ids=repr,
)
def test_refuses_a_wrong_value(field: str, value: object) -> None:
    """A float, which has lost its digits, or a wrong number, date or JSON raises cattrs' error."""
    fields = {"provider": "campfire", "id": "1", "amount": "1.50", "invoice": {"id": "7"}}
    assert Payment(
        provider="campfire", id="1", amount=Decimal("1.50"), invoice=InvoiceRef("7")
    ) == CONVERTER.structure(fields, Payment)
    with pytest.raises(BaseValidationError) as caught:
        CONVERTER.structure(fields | {field: value}, Payment)
    assert field in str(cattrs.transform_error(caught.value)) or f"Payment.{field}" in repr(
        caught.value.exceptions
    )


@pytest.mark.parametrize("value", ["1.50", 150, Decimal("1.50")])
def test_amount_may_be_a_text_an_integer_or_a_decimal(value: object) -> None:
    """An amount may have any type that keeps its digits."""
    assert Decimal(str(value)) == CONVERTER.structure(value, Decimal)


def test_converter_is_not_shared() -> None:
    """Each call makes a new converter, and cattrs' global converter does not change."""
    mine = make_converter()
    mine.register_unstructure_hook(Decimal, lambda _: "changed")
    assert "changed" == mine.unstructure(Decimal(1))
    assert "1" == make_converter().unstructure(Decimal(1))
    assert Decimal(1) == cattrs.unstructure(Decimal(1))
    assert date(2026, 1, 2) == cattrs.unstructure(date(2026, 1, 2))


@pytest.mark.parametrize(
    ("field", "value"), [("id", None), ("provider", 7), ("created_at", "2025-04-24T23:13:35")]
)
def test_refuses_a_missing_id_or_zone(field: str, value: object) -> None:
    """A missing id does not become a text, and a time without a zone is refused."""
    made = {
        "provider": "campfire",
        "id": "1",
        "amount": "1.00",
        "invoice": {"id": "2"},
        field: value,
    }
    with pytest.raises(BaseValidationError):
        make_converter().structure(made, Payment)
