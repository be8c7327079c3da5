"""Which values are read in another form than the documents have, and which are malformed."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import pytest
from msgspec import inspect

from paysdk.payment import CustomerRef, InvoiceRef
from paysdk.providers.campfire.invoices.normalise import read_invoice
from paysdk.providers.campfire.normalise import READER as CAMPFIRE
from paysdk.providers.notify.normalise import make_reader
from paysdk.records import liberal
from paysdk.records.fields import PaymentRecord
from paysdk.records.liberal import Mender, find_name
from paysdk.records.malformed import decode_one_by_one
from paysdk.records.page import RawPage, open_page, try_decode
from paysdk.records.table_reader import TableReader

if TYPE_CHECKING:
    from paysdk.errors import MalformedResponseError
    from paysdk.payment import Payment
    from paysdk.records.page import Reader

NOTIFY = make_reader(None)
PAID = '{"id": 1, "invoice_id": 2, "amount": 12.50'
LISTED = '{"id": "p", "amount": "12.50", "invoice": {"id": "i"}'


def read(
    reader: Reader[Payment], *records: str
) -> tuple[list[Payment], list[MalformedResponseError]]:
    """The payments of a page with these *records*, and the errors of the malformed ones."""
    body = f'{{"{reader.path.removeprefix("$.")}": [{", ".join(records)}]}}'.encode()
    page, faults = open_page(reader, body), list[Any]()
    rows = try_decode(reader, [bytes(record) for record in page.records])
    if rows is None:
        rows = [row for row in decode_one_by_one(reader, page, faults.append) if row is not None]
    return [reader.make(row) for row in rows], faults


@pytest.mark.parametrize(
    ("sent", "name", "expected"),
    [
        ('"external_id": 77', "external_id", "77"),
        ('"external_id": 77.0', "external_id", "77"),
        ('"external_id": 1.50', "external_id", "1.50"),
        ('"external_id": 12345678901234567890123', "external_id", "12345678901234567890123"),
        ('"external_id": []', "external_id", None),
        ('"external_id": {}', "external_id", None),
        ('"external_id": 7, "external_id": "x"', "external_id", "x"),
        ('"source": ""', "source", ""),
        ('"currency": 978', "currency", "978"),
        ('"voided_date": ""', "voided_date", None),
        ('"voided_date": []', "voided_date", None),
        ('"voided_date": ""', "is_voided", False),
        ('"payment_date": "2026-01-05T00:00:00Z"', "payment_date", date(2026, 1, 5)),
        ('"payment_date": "2026-01-05T23:30:00-08:00"', "payment_date", date(2026, 1, 5)),
        ('"payment_date": "2026-01-05 00:00"', "payment_date", date(2026, 1, 5)),
        ('"created_at": ""', "created_at", None),
        ('"created_at": {}', "created_at", None),
        ('"id": 12.0', "id", "12"),
        ('"voided_date": false', "is_voided", False),
        ('"created_at": false', "created_at", None),
        ('"payment_date": "2026-01-05t00:00:00z"', "payment_date", date(2026, 1, 5)),
        ('"payment_date": "2026-01-05 10:00:00+01"', "payment_date", date(2026, 1, 5)),
        ('"payment_date": "2026-01-05T10:00:00,5Z"', "payment_date", date(2026, 1, 5)),
        ('"created_at": "2026-01-05T10:00Z"', "created_at", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        (
            '"created_at": "2026-01-05 10:00:00+01"',
            "created_at",
            datetime(2026, 1, 5, 9, tzinfo=UTC),
        ),
        (
            '"created_at": "2026-01-05t10:00:00,9999999z"',
            "created_at",
            datetime(2026, 1, 5, 10, 0, 0, 999999, UTC),
        ),
        (
            '"last_modified_at": "2026-01-05 10:00:00.1234566+00"',
            "modified_at",
            datetime(2026, 1, 5, 10, 0, 0, 123456, UTC),
        ),
        ('"fx_rate": NaN', "amount", Decimal("12.50")),
        ('"deep": {"er": [Infinity, -Infinity, "NaN"]}', "amount", Decimal("12.50")),
        (
            '"last_modified_at": "2026-01-05T10:00:00.1234566Z"',
            "modified_at",
            datetime(2026, 1, 5, 10, 0, 0, 123456, UTC),
        ),
        (
            '"last_modified_at": "2026-01-05T10:00:00.123456999999999Z"',
            "modified_at",
            datetime(2026, 1, 5, 10, 0, 0, 123456, UTC),
        ),
        (
            '"created_at": "1965-01-05T10:00:00.9999999+0100"',
            "created_at",
            datetime(1965, 1, 5, 9, 0, 0, 999999, UTC),
        ),
        (
            '"last_modified_at": "2026-01-05T10:00:00.1234566Z", "source": 1',
            "modified_at",
            datetime(2026, 1, 5, 10, 0, 0, 123456, UTC),
        ),
    ],
)
def test_campfires_field_becomes_what_it_means(sent: str, name: str, expected: object) -> None:
    """A field of another type is read if its meaning is certain, and amounts keep their digits."""
    payments, faults = read(CAMPFIRE, f"{PAID}, {sent}}}")
    assert ([], [expected], ["12.50"]) == (
        faults,
        [getattr(payment, name) for payment in payments],
        [str(payments[0].amount)],
    )


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("null", None),
        ("[]", None),
        ('""', None),
        ("{}", None),
        ('{"id": null, "number": null}', None),
        ('{"number": 10001, "name": 123}', CustomerRef(number="10001", name="123")),
        ('{"id": 12.0, "name": ""}', CustomerRef(id="12", name="")),
        ('{"id": [], "name": "x", "rating": NaN}', CustomerRef(name="x")),
    ],
)
def test_notifys_customer_becomes_what_it_means(sent: str, expected: CustomerRef | None) -> None:
    """A nested object is read as liberally as the record around it."""
    payments, faults = read(NOTIFY, f'{LISTED}, "customer": {sent}}}')
    assert ([], [expected]) == (faults, [payment.customer for payment in payments])


class Cents(PaymentRecord, kw_only=True):
    """A record of another provider, with two whole numbers."""

    provider = "acme"
    id: str
    cents: int
    rank: int | None = None
    invoice = InvoiceRef("i")
    amount = property(lambda self: Decimal(self.cents).scaleb(-2))


def test_text_is_a_number_only_for_information() -> None:
    """A text becomes the number of an optional field, but never that of a required one."""
    reader = TableReader(
        path="$.data",
        page=dict[str, list[msgspec.Raw]],
        open_page=lambda page: RawPage(page["data"], None, None),
        row=Cents,
    )
    sent = ('{"id": "1", "cents": 1250, "rank": "7"}', '{"id": "2", "cents": "1250"}')
    payments, faults = read(reader, *sent)
    assert [Decimal("12.50")] == [payment.amount for payment in payments]
    assert ["$.data[1].cents"] == [fault.path for fault in faults]


def test_notifys_date_becomes_what_it_means() -> None:
    """The day of a time is the day that is written, and an empty text is not a day."""
    dates = ['"21-01-2021T10:00:00Z"', '""', "[]", "null"]
    payments, faults = read(NOTIFY, *(f'{LISTED}, "date": {sent}}}' for sent in dates))
    assert ([], [date(2021, 1, 21), None, None, None]) == (
        faults,
        [payment.payment_date for payment in payments],
    )


def test_number_that_is_none_spoils_its_own_record_only() -> None:
    """A record with NaN in a field that is read is malformed, and the others are read."""
    payments, faults = read(
        CAMPFIRE, f"{PAID}}}", '{"id": 3, "invoice_id": 2, "amount": NaN}', f'{PAID}, "rate": NaN}}'
    )
    assert (["1", "1"], ["$.results[1].amount"]) == (
        [payment.id for payment in payments],
        [fault.path for fault in faults],
    )
    assert (b'{"id": 3, "invoice_id": 2, "amount": NaN}', False) == (
        faults[0].raw,
        faults[0].not_json,
    )
    assert "NaN" in str(faults[0])


def test_raw_says_what_was_sent() -> None:
    """``raw`` has all fields as they were sent, with NaN and Infinity as texts."""
    sent = (
        f'{PAID}, "external_id": 77, "rate": NaN, "text": "say \\"NaN", "created_at": '
        f'"2026-01-05T10:00:00.1234566Z"}}'
    )
    ((payment,), _) = read(CAMPFIRE, sent)
    assert json.loads(sent.replace(" NaN,", ' "NaN",'), parse_float=Decimal) == payment.raw
    ((payment,), _) = read(NOTIFY, f'{LISTED}, "customer": [], "rate": -Infinity}}')
    assert ([], "-Infinity") == (payment.raw["customer"], payment.raw["rate"])


def test_error_is_about_what_stays_wrong() -> None:
    """If one field can be read liberally and another cannot, the error names the other."""
    _, faults = read(CAMPFIRE, '{"id": 1, "invoice_id": 2, "external_id": 77, "amount": "12,50"}')
    assert ["$.results[0].amount"] == [fault.path for fault in faults]


def test_finer_time_is_found_at_the_ends_of_a_large_page() -> None:
    """The time of a large page's last record, where a later listing starts, is truncated."""
    records = [
        f'{PAID}, "last_modified_at": "2026-01-05T10:00:00.{number:06}Z"}}'
        for number in range(2000)
    ]
    payments, _ = read(
        CAMPFIRE, *records, f'{PAID}, "last_modified_at": "2026-01-05T10:00:00.1234566Z"}}'
    )
    assert datetime(2026, 1, 5, 10, 0, 0, 123456, UTC) == payments[-1].modified_at


INVOICE = {
    "id": 12.0,
    "invoice_number": 77,
    "client": 5.0,
    "customer": "12",
    "due_date": "2026-01-05T00:00:00Z",
    "paid_date": "",
    "lines": [{"id": 1, "product_name": 5, "weight": float("nan")}],
    "attachments": {},
    "journal_entry": [],
    "last_modified_at": "2026-01-05T10:00:00.9999999Z",
    "auto_sent_at": "2026-01-05T10:00:00.9999999Z",
    "unused": float("inf"),
}


def test_invoice_is_read_liberally() -> None:
    """An invoice and what is nested in it are read as liberally as a listed payment."""
    payment = (
        '{"id": 3.0, "amount": 1.50, "external_id": 88, "rate": NaN, "created_at": '
        '"2026-01-05T10:00:00.1234566Z"}'
    )
    invoice = read_invoice(
        f'{json.dumps(INVOICE)[:-1]}, "halves": "\\ud800", "total_amount": 1.50, '
        f'"payments": [{payment}]}}'.encode()
    )
    assert (12, "77", 5, 12, date(2026, 1, 5), None) == (
        invoice.id,
        invoice.invoice_number,
        invoice.client,
        invoice.customer,
        invoice.due_date,
        invoice.paid_date,
    )
    assert (["5"], (), None) == (
        [line.product_name for line in invoice.lines],
        invoice.attachments,
        invoice.journal_entry,
    )
    latest = datetime(2026, 1, 5, 10, 0, 0, 999999, UTC)
    assert (latest, latest, "1.50") == (
        invoice.last_modified_at,
        invoice.auto_sent_at,
        str(invoice.total_amount),
    )
    assert ("Infinity", r"\ud800") == (invoice.raw["unused"], invoice.raw["halves"])
    (nested,) = invoice.payments
    assert ("3", "88", "1.50", 123456) == (
        nested.id,
        nested.external_id,
        str(nested.amount),
        getattr(nested.created_at, "microsecond", None),
    )
    assert ("NaN", "2026-01-05T10:00:00.1234566Z") == (nested.raw["rate"], nested.raw["created_at"])


@pytest.mark.parametrize(
    ("sent", "name", "expected"),
    [
        ('"client": false', "client", None),
        ('"lines": false', "lines", ()),
        ('"voided_date": false', "voided_date", None),
        ('"auto_sent_at": ""', "auto_sent_at", None),
        ('"is_deleted": false, "client": ""', "is_deleted", False),
        ('"is_deleted": 0', "is_deleted", False),
        ('"is_deleted": 1', "is_deleted", True),
        ('"is_deleted": "True"', "is_deleted", True),
        ('"is_deleted": "0"', "is_deleted", False),
        ('"is_deleted": ""', "is_deleted", None),
    ],
)
def test_field_of_an_invoice_becomes_what_it_means(sent: str, name: str, expected: object) -> None:
    """``false`` means no value, unless the field is a bool or a text. 0 and 1 can be a bool."""
    assert expected == getattr(read_invoice(f'{{"id": 1, {sent}}}'.encode()), name)


def test_nested_payment_alone_may_differ() -> None:
    """A payment in an invoice is read liberally, also if the invoice itself is as documented."""
    invoice = read_invoice(
        b'{"id":1,"payments":[{"id":3,"amount":1.50,"external_id":88,'
        b'"created_at":"2026-01-05T10:00:00.1234566Z"}]}'
    )
    assert [("88", "2026-01-05T10:00:00.1234566Z")] == [
        (payment.external_id, payment.raw["created_at"]) for payment in invoice.payments
    ]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ('"total_amount": ""', "total_amount"),
        ('"total_amount": []', "total_amount"),
        ('"total_amount": NaN', "total_amount"),
        ('"lines": [{"id": 1, "amount": NaN}]', r"lines\[0\].amount"),
        ('"lines": "none"', "lines"),
        ('"client": 1.5', "client"),
        ('"client": "01"', "client"),
        ('"is_deleted": 2', "is_deleted"),
        ('"is_deleted": "no"', "is_deleted"),
        ('"status": true', "status"),
        ('"last_sent_at": "2026-01-05T10:00"', "last_sent_at"),
        ('"last_sent_at": "2026-01-05T25:00Z"', "last_sent_at"),
        ('"last_sent_at": "05-01-2026T10:00Z"', "last_sent_at"),
        ('"payments": false', "payments"),
        ('"integration_context": {"rates": [1, NaN]}', r"integration_context.rates\[1\]"),
        ('"payments": [{"id": 1, "amount": "1,5"}]', r"payments\[0\].amount"),
    ],
)
def test_invoice_stays_strict(sent: str, path: str) -> None:
    """A value whose meaning is uncertain is malformed at its path."""
    with pytest.raises(msgspec.ValidationError, match=rf"at `\$.{path}`"):
        read_invoice(f'{{"id": 1, "paid_date": "", {sent}}}'.encode())


@pytest.mark.parametrize(
    "body", [b"{", b'{"id": 1, "paid_date": "\xff"}', b'{"id": 1, "message_on_invoice": "\\ud800"}']
)
def test_invoice_that_is_no_json_stays_so(body: bytes) -> None:
    """A body that is not JSON cannot be read liberally either."""
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        read_invoice(body)


class Row(PaymentRecord, kw_only=True):
    """A record of another provider."""

    provider = "acme"
    id: str
    amount: Decimal
    invoice = InvoiceRef("i")
    external_id: str | None = msgspec.field(default=None, name="note")
    tags: list[str] | None = None

    @property
    def source(self) -> str | None:
        """The tags."""
        return None if self.tags is None else ",".join(self.tags)

    modified_at: datetime | None = msgspec.field(default=None, name="at")


class Page(msgspec.Struct):
    """A page of another provider."""

    data: list[msgspec.Raw]


def test_reader_by_schema_reads_liberally() -> None:
    """A TableReader reads optional fields as liberally, and required fields strictly."""
    reader = TableReader(
        path="$.data",
        page=Page,
        open_page=lambda page: RawPage(page.data, None, None),
        row=Row,
    )
    payments, faults = read(
        reader,
        '{"id": "a", "amount": 1.50, "note": 7, "tags": [], "at": '
        '"2026-01-05T10:00:00.9999999Z", "rate": NaN}',
        '{"id": "b", "amount": 2, "at": "2026-01-05T10:00:00.9999999Z", "tags": ["x"]}',
        '{"id": 3, "amount": 2}',
        '{"id": "d", "amount": NaN}',
        '{"id": "e", "amount": 1, "note": "\\ud800"}',
        '{"id": "f", "amount": 1, "tags": [1]}',
    )
    latest = datetime(2026, 1, 5, 10, 0, 0, 999999, UTC)
    expected = [("a", "1.50", "7", None, latest), ("b", "2", None, "x", latest)]
    assert expected == [
        (each.id, str(each.amount), each.external_id, each.source, each.modified_at)
        for each in payments
    ]
    assert ["$.data[2].id", "$.data[3].amount", "$.data[4].note", "$.data[5].tags[0]"] == [
        fault.path for fault in faults
    ]
    assert "NaN" == payments[0].raw["rate"]


def test_mended_record_has_only_what_is_read() -> None:
    """A field that the type does not have is left out."""
    assert b'{"id":"a","amount":1.50}' == Mender(Row).mend(
        b'{"id":"a","amount":1.50,"more":[1,{"x":NaN}]}'
    )


class Inner(msgspec.Struct):
    """A nested record."""

    note: str | None = None
    made: datetime | None = msgspec.field(default=None, name="madeAt")


@dataclass
class Plain:
    """A nested record that is a dataclass."""

    number: int
    seen: datetime | None = None


HALF = "Lone surrogate, which UTF-8 cannot encode"


class Whole(msgspec.Struct):
    """A record with a field of each kind."""

    required: str = msgspec.field(name="req")
    number: int | None = None
    text: str | None = None
    flag: bool | None = None
    moment: datetime | None = None
    day: date | None = None
    written: Annotated[str, msgspec.Meta(min_length=10, max_length=10)] | None = None
    code: Annotated[str, msgspec.Meta(min_length=10, max_length=12)] | None = None
    either: int | str | None = None
    exact: Decimal | None = None
    anything: Any = None
    raw: msgspec.Raw = msgspec.Raw(b"null")
    records: list[msgspec.Raw] | None = None
    inner: Inner | None = None
    plain: Plain | None = None
    several: list[Inner] | None = None
    pairs: tuple[Plain, ...] | None = None
    always: bool = True


@pytest.mark.parametrize(
    ("sent", "mended"),
    [
        ('"req": 7', '"req":7'),
        ('"number": 12.0', '"number":12'),
        ('"number": -0.00', '"number":-0'),
        ('"number": 12.05', '"number":12.05'),
        ('"number": "12"', '"number":12'),
        ('"number": "-12"', '"number":-12'),
        ('"number": "012"', '"number":"012"'),
        ('"number": "12.0"', '"number":"12.0"'),
        ('"number": false', '"number":null'),
        ('"number": true', '"number":true'),
        ('"number": ""', '"number":null'),
        ('"number": []', '"number":null'),
        ('"text": 7', '"text":"7"'),
        ('"text": 7.0', '"text":"7"'),
        ('"text": 7.50', '"text":"7.50"'),
        ('"text": ""', '"text":""'),
        ('"text": []', '"text":null'),
        ('"text": {}', '"text":null'),
        ('"text": false', '"text":false'),
        ('"text": "2026-01-05T10:00"', '"text":"2026-01-05T10:00"'),
        ('"text": ["x", 1.0]', '"text":["x",1.0]'),
        ('"flag": 0', '"flag":false'),
        ('"flag": 1', '"flag":true'),
        ('"flag": 1.0', '"flag":1.0'),
        ('"flag": 2', '"flag":2'),
        ('"flag": "FALSE"', '"flag":false'),
        ('"flag": "1"', '"flag":true'),
        ('"flag": "yes"', '"flag":"yes"'),
        ('"flag": false', '"flag":false'),
        ('"flag": ""', '"flag":null'),
        ('"always": ""', '"always":""'),
        ('"always": []', '"always":[]'),
        ('"moment": false', '"moment":null'),
        ('"moment": "2026-01-05 10:00+01"', '"moment":"2026-01-05T10:00:00+01:00"'),
        ('"moment": "2026-01-05T10:00"', '"moment":"2026-01-05T10:00"'),
        ('"moment": "2026-01-05"', '"moment":"2026-01-05"'),
        ('"moment": "2026-1-05T10:00:00Z"', '"moment":"2026-1-05T10:00:00Z"'),
        ('"moment": "2026-13-05T10:00Z"', '"moment":"2026-13-05T10:00Z"'),
        ('"moment": 7', '"moment":7'),
        ('"day": "2026-01-05T23:59:59.9Z"', '"day":"2026-01-05"'),
        ('"day": "2026-01-05 10:00"', '"day":"2026-01-05"'),
        ('"day": "2026-01-05x"', '"day":"2026-01-05x"'),
        ('"day": "2026-01-05"', '"day":"2026-01-05"'),
        ('"day": ""', '"day":null'),
        ('"written": "05-01-2026 10:00"', '"written":"05-01-2026"'),
        ('"written": ""', '"written":null'),
        ('"written": 7', '"written":7'),
        ('"code": "05-01-2026 10:00"', '"code":"05-01-2026 10:00"'),
        ('"code": ""', '"code":""'),
        ('"code": 7', '"code":"7"'),
        ('"either": 7.0', '"either":7'),
        ('"either": "7"', '"either":"7"'),
        ('"either": false', '"either":false'),
        ('"exact": 1.50', '"exact":1.50'),
        ('"exact": ""', '"exact":""'),
        ('"exact": "1,50"', '"exact":"1,50"'),
        ('"anything": {"a": [1.50, "x", null]}', '"anything":{"a":[1.50,"x",null]}'),
        ('"anything": false', '"anything":false'),
        ('"raw": [NaN, {"a": -Infinity}, 1.50]', '"raw":["NaN",{"a":"-Infinity"},1.50]'),
        ('"records": []', '"records":[]'),
        ('"records": {}', '"records":{}'),
        ('"records": ""', '"records":""'),
        ('"records": false', '"records":false'),
        ('"records": [{"a": 1.50, "b": NaN}]', '"records":[{"a":1.50,"b":"NaN"}]'),
        ('"inner": false', '"inner":null'),
        ('"inner": []', '"inner":null'),
        ('"inner": [1]', '"inner":[1]'),
        ('"inner": {"note": 7, "other": NaN}', '"inner":{"note":"7"}'),
        ('"plain": {"number": "7", "other": 1}', '"plain":{"number":"7"}'),
        ('"several": {}', '"several":null'),
        ('"several": {"note": 7}', '"several":{"note":7}'),
        ('"several": [{"note": 7}, null]', '"several":[{"note":"7"},null]'),
        ('"pairs": [{"number": 1.0}, {"number": "2"}]', '"pairs":[{"number":1},{"number":"2"}]'),
        ('"unknown": NaN', ""),
        (r'"unknown": "\ud800"', ""),
        (
            r'"raw": ["\ud800", {"\udc00": 1}, "\ud83d\ude00"]',
            r'"raw":["\\ud800",{"\\udc00":1},"😀"]',
        ),
    ],
)
def test_field_is_written_as_its_type_asks(sent: str, mended: str) -> None:
    """A field is written in the form of its type, and left as it is if its meaning is uncertain."""
    assert f"{{{mended}}}" == Mender(Whole).mend(f"{{{sent}}}".encode()).decode()


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ('"number": NaN', "NaN is not a number of JSON - at `$[0].number`"),
        ('"text": Infinity', "Infinity is not a number of JSON - at `$[0].text`"),
        (r'"text": "\ud800"', f"{HALF} - at `$[0].text`"),
        (r'"anything": {"a": [1, {"\ud800": 1}]}', f"{HALF} - at `$[0].anything.a[1]`"),
        (r'"anything": {"a": "\ud800"}', f"{HALF} - at `$[0].anything.a`"),
        (r'"inner": {"note": "a\udc00"}', f"{HALF} - at `$[0].inner.note`"),
        ('"flag": NaN', "NaN is not a number of JSON - at `$[0].flag`"),
        ('"exact": -Infinity', "-Infinity is not a number of JSON - at `$[0].exact`"),
        ('"anything": {"a": [1, NaN]}', "NaN is not a number of JSON - at `$[0].anything.a[1]`"),
        ('"inner": {"note": NaN}', "NaN is not a number of JSON - at `$[0].inner.note`"),
        (
            '"several": [{}, {"note": NaN}]',
            "NaN is not a number of JSON - at `$[0].several[1].note`",
        ),
        ('"inner": [NaN]', "NaN is not a number of JSON - at `$[0].inner[0]`"),
    ],
)
def test_constant_in_a_field_is_an_error_at_its_path(sent: str, message: str) -> None:
    """NaN, Infinity and a lone surrogate raise with the path of the field."""
    with pytest.raises(msgspec.ValidationError) as raised:
        Mender(Whole).mend(f"{{{sent}}}".encode())
    assert message == str(raised.value)


def test_path_of_the_record_is_part_of_an_error() -> None:
    """The path that is given is where the record is."""
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.number`$"):
        Mender(Whole).mend(b'{"number": NaN}', "$")


def test_name_of_a_field_in_json() -> None:
    """The name in JSON is found by the name of the field, also in a dataclass."""
    names = ("required", "req", "number")
    assert ["req", None, "number"] == [find_name(Whole, name) for name in names]
    assert ["number", None] == [find_name(Plain, "number"), find_name(Plain, "text")]
    assert find_name(int, "real") is None


def test_fields_with_times_are_found() -> None:
    """The names in JSON of the fields with times are found in nested types as well."""
    assert {"moment", "madeAt", "seen"} == Mender(Whole).fields_of_time
    assert frozenset() == Mender(list[int]).fields_of_time
    assert {"moment", "madeAt", "seen"} == Mender(list[Whole]).fields_of_time


def test_times_are_truncated() -> None:
    """Times in fields with times are truncated, and a record without such times stays as it is."""
    finer = b'{"madeAt":"2026-01-05T10:00:00.1234567Z","req":"2026-01-05T10:00:00.1234567Z"}'
    assert finer.replace(b"7Z", b"Z", 1) == Mender(Whole).truncate_times(finer)
    sent = b'{"madeAt":"2026-01-05T10:00:00.123456Z"}'
    assert sent is Mender(Whole).truncate_times(sent)


MUTANTS: list[Any] = [
    None,
    True,
    False,
    0,
    7,
    12.0,
    1.5,
    "",
    "x",
    "7",
    [],
    {},
    [1],
    {"a": 1},
    float("nan"),
    "2026-01-05",
    "2026-01-05T00:00:00Z",
]


@pytest.mark.parametrize("seed", range(20))
def test_both_ways_of_reading_agree(seed: int) -> None:
    """A record gives the same payment or error in a page and by itself."""
    dice = random.Random(seed)
    names = [
        "id",
        "invoice_id",
        "amount",
        "invoice_number",
        "currency",
        "payment_date",
        "external_id",
        "voided_date",
        "created_at",
        "unused",
    ]
    records = []
    for _ in range(50):
        record: dict[str, Any] = {"id": 1, "invoice_id": 2, "amount": 3}
        record |= {
            dice.choice(names): dice.choice(MUTANTS) for _ in range(dice.choice([0, 0, 1, 2]))
        }
        records.append(json.dumps(record))
    together, faults = read(CAMPFIRE, *records)
    alone = [read(CAMPFIRE, record) for record in records]
    assert [payment for payments, _ in alone for payment in payments] == together
    assert [fault.path.partition("]")[2] for _, found in alone for fault in found] == [
        fault.path.partition("]")[2] for fault in faults
    ]


def test_metadata_is_seen_through() -> None:
    """A type with metadata of its own has the members of the type that it describes."""
    described = inspect.type_info(Annotated[int | None, msgspec.Meta(title="Number")])
    wrapped = inspect.Metadata(described)

    assert liberal._members(described) == liberal._members(wrapped)
