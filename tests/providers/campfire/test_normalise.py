"""What Campfire's fields mean in a Payment."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import paysdk.providers.campfire
from paysdk.payment import InvoiceRef, Payment
from paysdk.providers.campfire.normalise import NAME, READER

SAMPLES = Path(paysdk.providers.campfire.__file__).parent / "samples"


def sample(name: str) -> bytes:
    """A response in the documents."""
    return (SAMPLES / f"{name}.json").read_bytes()


def listed(*records: dict[str, Any]) -> list[Payment]:
    """List the payments of a page with these records."""
    parts = [json.dumps(record).encode() for record in records]
    return list(map(READER.make, READER.rows(parts)))


def test_sample_page_gives_its_payment() -> None:
    """The document's page is one payment, with each field in its place and in raw."""
    body = sample("list_invoice_payments")
    page = READER.split(body)
    (payment,) = map(READER.make, READER.rows(list(map(bytes, page.records))))
    moment = datetime(2023, 11, 7, 5, 31, 56, tzinfo=UTC)
    expected = Payment(
        provider=NAME,
        id="123",
        amount=Decimal(0),
        currency="<string>",
        payment_date=date(2023, 12, 25),
        invoice=InvoiceRef("123", "<string>"),
        external_id="<string>",
        voided_date=date(2023, 12, 25),
        created_at=moment,
        modified_at=moment,
    )
    assert expected == payment
    assert payment.is_voided
    assert json.loads(body)["results"][0] == payment.raw
    assert ("http://api.example.org/accounts/?offset=400&limit=100", 123) == (
        page.link,
        page.reported_count,
    )


def test_payment_of_the_later_schema_keeps_what_is_not_modelled() -> None:
    """Later fields are read if a payment has a field for them, and are in raw."""
    (payment,) = listed(
        {
            "id": 1,
            "invoice_id": 2,
            "amount": -6249.99,
            "source": "STRIPE",
            "payment_type": "BANK_TRANSACTION",
        }
    )
    assert ("STRIPE", Decimal("-6249.99"), None) == (
        payment.source,
        payment.amount,
        payment.customer,
    )
    assert "BANK_TRANSACTION" == payment.raw["payment_type"]


@pytest.mark.parametrize(
    "sent",
    [
        "2025-05-02T16:24:50+0000",
        "2025-05-02T16:24:50Z",
        "2025-05-02T16:24:50+00:00",
        "2025-05-02T18:24:50.000+02:00",
    ],
)
def test_times_come_out_in_utc(sent: str) -> None:
    """A time is the same moment in each of its known forms."""
    (payment,) = listed(
        {"id": 1, "invoice_id": 2, "amount": 1, "created_at": sent, "last_modified_at": sent}
    )
    assert [datetime(2025, 5, 2, 16, 24, 50, tzinfo=UTC)] * 2 == [
        payment.created_at,
        payment.modified_at,
    ]
    assert [UTC, UTC] == [
        moment.tzinfo for moment in (payment.created_at, payment.modified_at) if moment
    ]


def test_fractions_of_a_second_are_kept() -> None:
    """A time with a fraction keeps its microseconds."""
    (payment,) = listed(
        {"id": 1, "invoice_id": 2, "amount": 1, "last_modified_at": "2025-05-02T16:24:50.123456Z"}
    )
    assert payment.modified_at == datetime(2025, 5, 2, 16, 24, 50, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [(7, "7"), ("7", "7"), (18446744073709551616, "18446744073709551616"), ("a-b", "a-b")],
    ids=repr,
)
def test_ids_are_texts(sent: object, expected: str) -> None:
    """An id is a text, also if it was sent as a number."""
    (payment,) = listed({"id": sent, "invoice_id": sent, "amount": 1})
    assert (expected, expected) == (payment.id, payment.invoice.id)


def test_next_may_be_missing_and_count_too() -> None:
    """A page may have no count, as in Django's cursor pagination, and the last page no next."""
    page = READER.split(b'{"results":[]}')
    assert ([], None, None) == (page.records, page.link, page.reported_count)
