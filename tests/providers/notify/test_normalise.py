"""What Notify's fields mean in a Payment."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import paysdk.providers.notify
from paysdk.errors import MalformedResponseError
from paysdk.payment import CustomerRef, InvoiceRef, Payment
from paysdk.providers.notify.normalise import NAME, make_reader
from paysdk.records.malformed import decode_one_by_one

if TYPE_CHECKING:
    from paysdk.records.reader import RecordReader

SAMPLE = (
    Path(paysdk.providers.notify.__file__).parent / "samples" / "list_payments.json"
).read_bytes()


def listed(reader: RecordReader[Any, Any, Payment], *records: bytes) -> list[Payment]:
    """List the payments of a page with these records."""
    return list(map(reader.make, reader.rows(list(records))))


@pytest.mark.parametrize("currency", [None, "EUR"])
def test_sample_gives_its_payment(currency: str | None) -> None:
    """The document's payment has each field in its place, and the configured currency."""
    page = make_reader(currency).split(SAMPLE)
    (payment,) = listed(make_reader(currency), bytes(page.records[0]))
    expected = Payment(
        provider=NAME,
        id="07d125ef-8e59-4629-8ef5-5c82de9979e9",
        amount=Decimal("100.00"),
        currency=currency,
        payment_date=date(2021, 1, 21),
        invoice=InvoiceRef(
            "a0f0660d-6c8d-422b-8114-e363b260521e", "10001", Decimal("480.00"), Decimal("380.00")
        ),
        customer=CustomerRef("36cf1c0d-53fe-4c73-8a46-f9f40cd99b65", "10001", "Creditparters B.V."),
    )
    assert expected == payment
    assert hash(expected) == hash(payment)
    assert ["100.00", "480.00", "380.00"] == [
        str(amount) for amount in (payment.amount, payment.invoice.total, payment.invoice.balance)
    ]
    assert json.loads(SAMPLE)["payments"][0] == payment.raw


def test_sample_page_has_its_link_its_count_and_four_records() -> None:
    """The document's page has a count of five and four records, three of them empty."""
    page = make_reader(None).split(SAMPLE)
    assert (
        "https://api.notify.cm/v2/payments?from=07d125ef-8e59-4629-8ef5-5c82de9979e9" == page.link
    )
    assert (5, [b"{}"] * 3) == (page.reported_count, [bytes(record) for record in page.records[1:]])


def test_empty_records_of_the_sample_are_malformed() -> None:
    """An empty object is a bad record, which is raised or set aside, and never skipped."""
    reader = make_reader(None)
    page = reader.split(SAMPLE)
    with pytest.raises(MalformedResponseError) as caught:
        list(decode_one_by_one(reader, page, None))
    assert "$.payments[1].id" == caught.value.path
    found: list[MalformedResponseError] = []
    rows = list(decode_one_by_one(reader, page, found.append))
    assert [True, False, False, False] == [row is not None for row in rows]
    assert ["$.payments[1].id", "$.payments[2].id", "$.payments[3].id"] == [
        fault.path for fault in found
    ]


@pytest.mark.parametrize(
    "links",
    [
        b"",
        b',"links":null',
        b',"links":{}',
        b',"links":[]',
        b',"links":""',
        b',"links":false',
        b',"links":{"next":null}',
        b',"links":{"next":{}}',
        b',"links":{"next":""}',
        b',"links":{"next":false}',
        b',"links":{"next":[]}',
        b',"links":{"next":{"href":null}}',
        b',"links":{"next":{"href":""}}',
        b',"links":{"next":{"href":[]}}',
        b',"links":{"previous":7,"next":{"href":"?from=1"},"next":null}',
    ],
)
def test_missing_or_empty_link_is_the_end(links: bytes) -> None:
    """A missing or empty link ends the listing in each form."""
    assert make_reader(None).split(b'{"payments":[]%s}' % links).link is None


@pytest.mark.parametrize("link", [b"0", b"?from=", b"?from=0"])
def test_short_link_is_a_link(link: bytes) -> None:
    """Only an empty text ends the listing, and not a link of one character."""
    assert (
        link.decode()
        == make_reader(None).split(b'{"payments":[],"links":{"next":{"href":"%s"}}}' % link).link
    )


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"02-01-2021", date(2021, 1, 2)),
        (b"29-02-2024", date(2024, 2, 29)),
        (b"31-12-0001", date(1, 12, 31)),
    ],
)
def test_dates_are_day_month_year(sent: bytes, expected: date) -> None:
    """02-01-2021 is 2 January."""
    (payment,) = listed(
        make_reader(None), b'{"id":"p","amount":"1","invoice":{"id":"i"},"date":"%s"}' % sent
    )
    assert expected == payment.payment_date


def test_payment_may_lack_all_but_id_amount_and_invoice() -> None:
    """A field that is not sent is None."""
    (payment,) = listed(make_reader(None), b'{"id":"p","amount":1.50,"invoice":{"id":"i"}}')
    assert (
        Payment(provider=NAME, id="p", amount=Decimal("1.50"), invoice=InvoiceRef("i")) == payment
    )


def test_resource_and_unknown_fields_decide_nothing() -> None:
    """The word in "resource" differs between responses, and is only kept in raw."""
    (payment,) = listed(
        make_reader(None),
        b'{"resource":"customer","id":"p","amount":"-1.00","invoice":{"id":"i","x":1.10},'
        b'"method":"sepa"}',
    )
    assert Decimal("-1.00") == payment.amount
    expected = {
        "resource": "customer",
        "id": "p",
        "amount": "-1.00",
        "invoice": {"id": "i", "x": Decimal("1.10")},
        "method": "sepa",
    }
    assert expected == payment.raw
