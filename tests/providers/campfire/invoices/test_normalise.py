"""What Campfire's invoices mean, and its responses to a payment."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

import paysdk.providers.campfire
from paysdk.errors import ConfigurationError, MalformedResponseError
from paysdk.payment import CustomerRef, InvoiceRef, Payment
from paysdk.providers.campfire.invoices.normalise import Paid, read_invoice, read_paid
from paysdk.providers.campfire.normalise import NAME
from paysdk.providers.campfire.paying.order import CreditMemoRef
from paysdk.records.malformed import decode_or_raise

SAMPLES = Path(paysdk.providers.campfire.__file__).parent / "samples"


def sample(name: str) -> bytes:
    """A response in the documents."""
    return (SAMPLES / f"{name}.json").read_bytes()


def invoice_with(**fields: object) -> bytes:
    """The document's invoice, with these fields."""
    return json.dumps(json.loads(sample("retrieve_invoice")) | fields).encode()


def fault(body: bytes) -> str:
    """The path of the error in an invoice."""
    with pytest.raises(MalformedResponseError) as caught:
        decode_or_raise(read_invoice, body)
    return caught.value.path


def test_sample_invoice_gives_its_payment_whole() -> None:
    """A payment in an invoice has the invoice and the client, although its record names neither."""
    invoice = read_invoice(sample("retrieve_invoice"))
    moment = datetime(2025, 4, 24, 23, 13, 35, tzinfo=UTC)
    expected = Payment(
        provider=NAME,
        id="22220",
        amount=Decimal("6249.99"),
        currency="USD",
        payment_date=date(2025, 4, 30),
        invoice=InvoiceRef("47864", "INV-0000493", Decimal("6249.99"), Decimal(0)),
        customer=CustomerRef("24020", None, "Apple"),
        source="MANUAL",
        created_at=moment,
        modified_at=moment,
    )
    assert (expected,) == invoice.payments
    assert {"credit_memo", "payment_transaction"} < set(invoice.payments[0].raw)


def test_sample_invoice_is_read_although_it_contradicts_its_schema() -> None:
    """The document's own example has no customer and a null among its integers."""
    invoice = read_invoice(sample("retrieve_invoice"))
    assert (None, (None,), {}) == (
        invoice.customer,
        invoice.payment_journal_entries,
        invoice.reminder_sent_dates,
    )
    assert (47864, "paid", date(2028, 5, 1)) == (
        invoice.id,
        invoice.payment_status,
        invoice.due_date,
    )
    assert ("Enterprise Subscription", Decimal("6249.99"), None) == (
        invoice.lines[0].product_name,
        invoice.lines[0].rate,
        invoice.lines[0].customer,
    )
    assert (
        datetime(2025, 5, 2, 16, 24, 50, tzinfo=UTC)
        == invoice.lines[0].created_at
        == invoice.last_modified_at
    )


@pytest.mark.parametrize("name", ["retrieve_invoice", "mark_invoice_paid"])
def test_every_field_of_the_documents_has_its_place(name: str) -> None:
    """Each field of the samples, also a nested one, is a field of paysdk with its value."""
    sent = json.loads(sample(name), parse_float=Decimal)
    invoice = read_invoice(sample(name))
    assert sent == invoice.raw
    for record, of in [
        (invoice, sent),
        *zip(invoice.lines, sent["lines"], strict=True),
        *zip(invoice.attachments, sent["attachments"], strict=True),
    ]:
        assert [] == [
            field
            for field, value in of.items()
            if (value is None) != (getattr(record, field) is None)
        ]


def test_unknown_fields_and_words_of_an_invoice_are_kept() -> None:
    """Unknown words are kept, and unknown fields are in raw with exact digits."""
    invoice = read_invoice(
        b'{"id":1,"payment_status":"draft","terms":"net_77","withheld":1.50,"department":{"id":3}}'
    )
    assert ("draft", "net_77") == (invoice.payment_status, invoice.terms)
    assert {
        "id": 1,
        "payment_status": "draft",
        "terms": "net_77",
        "withheld": Decimal("1.50"),
        "department": {"id": 3},
    } == invoice.raw


@pytest.mark.parametrize("empty", [None, []])
def test_lists_of_an_invoice_may_be_null_or_missing(empty: object) -> None:
    """Without lines, payments or attachments an invoice has none."""
    names = ["lines", "payments", "attachments", "payment_journal_entries", "revenue_transactions"]
    for body in (b'{"id":1}', json.dumps({"id": 1} | dict.fromkeys(names, empty)).encode()):
        invoice = read_invoice(body)
        assert [()] * 5 == [getattr(invoice, name) for name in names]


def test_every_field_but_the_id_may_be_null() -> None:
    """Every field except the id may be null, although the document says "required"."""
    names = [
        field.name
        for field in attrs.fields(type(read_invoice(b'{"id":1}')))
        if field.name not in {"id", "_raw"}
    ]
    assert read_invoice(b'{"id":1}') == read_invoice(
        json.dumps({"id": 1} | dict.fromkeys(names)).encode()
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"client": None, "client_name": None}, None),
        ({"client": 5, "client_name": None}, CustomerRef("5")),
        ({"client": None, "client_name": "Apple"}, CustomerRef(name="Apple")),
    ],
    ids=["neither", "id", "name"],
)
def test_customer_of_a_payment_is_the_client(
    fields: dict[str, object], expected: CustomerRef | None
) -> None:
    """The customer is the invoice's client, and not the "customer" of the API, its tenant."""
    assert expected == read_invoice(invoice_with(customer=99, **fields)).payments[0].customer


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("2025-05-02", date(2025, 5, 2)),
        ("2025-05-02T18:24:50+0200", datetime(2025, 5, 2, 16, 24, 50, tzinfo=UTC)),
        ("2025-05-02 16:24Z", datetime(2025, 5, 2, 16, 24, tzinfo=UTC)),
        (None, None),
    ],
    ids=repr,
)
def test_auto_sent_at_is_a_date_or_a_time(sent: str | None, expected: date | None) -> None:
    """``auto_sent_at`` is a date or a time as sent, because the documents disagree."""
    found = read_invoice(invoice_with(auto_sent_at=sent)).auto_sent_at
    assert (expected, type(expected)) == (found, type(found))


PAYMENT = {"id": 1, "amount": 1}
BAD_INVOICES: list[tuple[dict[str, object], str]] = [
    ({"id": None}, "$.id"),
    ({"total_amount": "NaN"}, "$.total_amount"),
    ({"total_amount": "1_000"}, "$.total_amount"),
    ({"amount_due": ""}, "$.amount_due"),
    ({"due_date": "01-02-2028"}, "$.due_date"),
    ({"auto_sent_at": "2025-05-02T16:24:50"}, "$.auto_sent_at"),
    ({"auto_sent_at": "0001-01-01T00:00:00+14:00"}, "$.auto_sent_at"),
    ({"created_at": "2025-05-02T16:24:50"}, "$.created_at"),
    ({"created_at": "9999-12-31T23:59:59-01:00"}, "$.created_at"),
    ({"lines": [{"id": 1}, {"id": 2, "rate": " 1"}]}, "$.lines[1].rate"),
    ({"lines": [{}]}, "$.lines[0].id"),
    ({"lines": [None]}, "$.lines[0]"),
    (
        {"attachments": [{"id": 1, "created_at": "0001-01-01T00:00:00+14:00"}]},
        "$.attachments[0].created_at",
    ),
    ({"payments": [PAYMENT, PAYMENT, {"id": 3}]}, "$.payments[2].amount"),
    ({"payments": [PAYMENT | {"amount": "NaN"}]}, "$.payments[0].amount"),
    (
        {"payments": [PAYMENT | {"created_at": "0001-01-01T00:00:00+14:00"}]},
        "$.payments[0].created_at",
    ),
    (
        {"payments": [PAYMENT | {"last_modified_at": "9999-12-31T23:59:59-14:00"}]},
        "$.payments[0].last_modified_at",
    ),
    ({"payments": [None]}, "$.payments[0]"),
    ({"payments": {}}, "$.payments"),
]


@pytest.mark.parametrize(
    ("fields", "path"),
    BAD_INVOICES,
    ids=[f"{number}-{path}" for number, (_, path) in enumerate(BAD_INVOICES)],
)
def test_wrong_field_of_an_invoice_is_malformed_at_its_path(
    fields: dict[str, object], path: str
) -> None:
    """A bad field of an invoice is named by its path, also in a nested record."""
    assert path == fault(invoice_with(**fields))


def test_missing_id_of_an_invoice_is_named() -> None:
    """An invoice without an id is malformed."""
    assert "$.id" == fault(b'{"lines":[]}')


@pytest.mark.parametrize("digits", ["1e99999999999999999999", "-1e-99999999999999999999"])
def test_number_beyond_a_decimal_is_kept_where_anything_may_stand(digits: str) -> None:
    """A number too large for Decimal is a text in an "any" field, and a malformed amount."""
    assert (
        digits
        == read_invoice(b'{"id":1,"integration_context":%s}' % digits.encode()).integration_context
    )
    assert "$.discount" == fault(b'{"id":1,"discount":%s}' % digits.encode())
    assert "$.payments[0].amount" == fault(
        b'{"id":1,"payments":[{"id":1,"amount":%s}]}' % digits.encode()
    )


def test_broken_utf8_in_an_invoice_is_malformed() -> None:
    """Broken UTF-8 is malformed also in an unknown field, because raw must be readable."""
    assert "$" == fault(b'{"id":1,"unknown":"\xff"}')


def test_amounts_of_an_invoice_may_be_texts() -> None:
    """A text with a plain decimal number is an amount with the same digits."""
    invoice = read_invoice(
        b'{"id":1,"total_amount":"6249.990","lines":[{"id":2,"rate":"1.10"}],'
        b'"payments":[{"id":3,"amount":"5.00"}]}'
    )
    assert ["6249.990", "1.10", "5.00"] == [
        str(invoice.total_amount),
        str(invoice.lines[0].rate),
        str(invoice.payments[0].amount),
    ]


def test_answer_to_paying_may_be_the_invoice() -> None:
    """The response may be the whole invoice, as in the document."""
    assert Paid(invoice=read_invoice(sample("mark_invoice_paid"))) == read_paid(
        sample("mark_invoice_paid")
    )


def test_answer_to_paying_may_be_ids_only() -> None:
    """Ids, as the later schema responds with, become texts."""
    assert ("22221", "22222") == read_paid(sample("mark_invoice_paid_ids")).payment_ids
    assert Paid(()) == read_paid(b'{"payment_ids":[]}')


@pytest.mark.parametrize(
    ("memos", "expected"),
    [
        (
            b'[{"id":4030,"credit_memo_number":"CM-1"},{"id":"x"}]',
            (CreditMemoRef("4030", "CM-1"), CreditMemoRef("x")),
        ),
        (b"[]", ()),
        (b"null", ()),
    ],
)
def test_credit_memos_that_the_api_made(memos: bytes, expected: tuple[CreditMemoRef, ...]) -> None:
    """The credit memos of an overpayment are read, with ids and with an invoice."""
    assert Paid(("1",), None, expected) == read_paid(
        b'{"payment_ids":[1],"auto_created_credit_memos":%s}' % memos
    )
    assert expected == read_paid(b'{"id":1,"auto_created_credit_memos":%s}' % memos).credit_memos


def test_credit_memos_that_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    """Bad credit memos do not hide the payment, and a warning says where to look."""
    assert Paid(("1",)) == read_paid(b'{"payment_ids":[1],"auto_created_credit_memos":{"id":7}}')
    assert "auto_created_credit_memos" in caplog.text


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[]", "$"),
        (b"{}", "$.id"),
        (b'{"payment_ids":null}', "$.payment_ids"),
        (b'{"payment_ids":[],"error":"The period is closed"}', "$.error"),
        (b'{"payment_ids":[],"errors":["The period is closed"]}', "$.errors"),
        (b'{"payment_ids":[1,null]}', "$.payment_ids[1]"),
        (b'{"payment_ids":[""]}', "$.payment_ids[0]"),
    ],
)
def test_answer_to_paying_that_is_neither_is_malformed(body: bytes, path: str) -> None:
    """A response without an invoice and without ids is malformed."""
    with pytest.raises(MalformedResponseError) as caught:
        decode_or_raise(read_paid, body)
    assert path == caught.value.path


def test_payment_that_cannot_be_held_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A payment that can be decoded but not held makes the response malformed, with its path."""

    def too_deep(**_: object) -> None:
        raise ConfigurationError("Payment.raw must be JSON")

    monkeypatch.setattr("paysdk.providers.campfire.invoices.normalise.Payment", too_deep)
    with pytest.raises(MalformedResponseError, match="not nested so deeply") as raised:
        decode_or_raise(read_invoice, b'{"id":1,"payments":[{"id":1,"amount":1}]}')
    assert "$.payments[0]" == raised.value.path
