"""A reader that is made from two types and a function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from paysdk import ConfigurationError, InvoiceRef, MalformedResponseError, Payment
from paysdk.authoring import FieldError, InvoicePayments, RawPage, RecordPayments, SchemaReader
from paysdk.records.columns import Amount
from paysdk.records.malformed import decode_one_by_one

if TYPE_CHECKING:
    from collections.abc import Sequence


class Part(msgspec.Struct):
    """A payment in an invoice."""

    id: int
    price: Any


class Invoice(msgspec.Struct):
    """An invoice with its payments."""

    id: int
    payments: list[Part] | None = None
    updated_at: datetime | None = None

    @property
    def modified_at(self) -> datetime | None:
        """When it was changed."""
        return self.updated_at


class Page(msgspec.Struct):
    """A page of invoices."""

    data: list[msgspec.Raw]


def normalise(invoice: Invoice, _raw: bytes) -> Sequence[Payment] | None:
    """Return the payments of an invoice, and nothing for a draft."""
    if invoice.payments is None:
        return None
    return [make(part, number) for number, part in enumerate(invoice.payments)]


def make(part: Part, number: int) -> Payment:
    """Return a payment."""
    if part.price == "?":
        raise FieldError(f"payments[{number}].price", "A price is missing")
    return Payment(
        provider="acme",
        id=str(part.id),
        amount=Decimal(part.price),
        invoice=InvoiceRef(id="1"),
    )


READER = SchemaReader(
    path="$.data",
    page=Page,
    open_page=lambda page: RawPage(page.data, None, None),
    row=Invoice,
    normalise=normalise,
    times=["updated_at"],
)


def test_record_becomes_its_payments() -> None:
    """A record may have several payments, none, or be no payment at all."""
    sent = [
        b'{"id": 1, "payments": [{"id": 7, "price": "1.50"}, {"id": 8, "price": "2.50"}]}',
        b'{"id": 2, "payments": [], "updated_at": "2026-01-31T12:00:00Z"}',
        b'{"id": 3}',
    ]
    rows = READER.rows(sent)
    selected = READER.select(rows)
    assert ["7", "8"] == [READER.make(each).id for each in selected.items]
    assert (("3",), (), ()) == (
        selected.left_out,
        selected.whole_invoices,
        selected.whole_records,
    )
    assert [(1, None), (2, datetime(2026, 1, 31, 12, tzinfo=UTC)), (3, None)] == [
        (row.id, row.modified_at) for row in rows
    ]
    assert sent == [row.raw for row in rows]


@pytest.mark.parametrize("invoice_id", ["1", "2"])
def test_record_with_all_payments_of_an_invoice(invoice_id: str) -> None:
    """It says which invoice is whole, also without payments, but never of another's payments."""

    def find_all(invoice: Invoice, _raw: bytes) -> InvoicePayments:
        parts = invoice.payments or []
        return InvoicePayments(invoice_id, [make(each, 0) for each in parts])

    reader = SchemaReader(
        path="$",
        page=list[msgspec.Raw],
        open_page=lambda page: RawPage(page, None, None),
        row=Invoice,
        normalise=find_all,
    )
    selected = reader.select(reader.rows([b'{"id": 1}']))
    assert ([], (invoice_id,)) == (selected.items, selected.whole_invoices)
    sent = [b'{"id": 1, "payments": [{"id": 7, "price": "1.50"}]}']
    if invoice_id == "2":
        with pytest.raises(msgspec.ValidationError, match="'7' is of invoice '1', and not of '2'"):
            reader.rows(sent)
    else:
        selected = reader.select(reader.rows(sent))
        assert (["7"], ("1",)) == ([each.id for each in selected.items], selected.whole_invoices)


@pytest.mark.parametrize(
    ("record_id", "ids", "says"),
    [
        ("1", ["1:7", "1:8"], ""),
        ("1", ["1"], ""),
        ("1", [], ""),
        (
            "1",
            ["1:7", "17"],
            "must be the id of its record, '1', or begin with '1:', but it is '17'",
        ),
        ("1", ["2"], "must be the id of its record, '1', or begin with '1:', but it is '2'"),
        ("1:2", ["1:2"], "must have no colon, but it is '1:2'"),
    ],
)
def test_record_with_all_its_payments(record_id: str, ids: list[str], says: str) -> None:
    """It says which record is whole, and the ids of its payments begin with that of the record."""

    def find_all(_row: Invoice, _raw: bytes) -> RecordPayments:
        parts = [
            Payment(provider="acme", id=each, amount=Decimal(1), invoice=InvoiceRef(id="9"))
            for each in ids
        ]
        return RecordPayments(record_id, parts)

    reader = SchemaReader(
        path="$",
        page=list[msgspec.Raw],
        open_page=lambda page: RawPage(page, None, None),
        row=Invoice,
        normalise=find_all,
    )
    if says:
        with pytest.raises(msgspec.ValidationError, match=says):
            reader.rows([b'{"id": 1}'])
    else:
        selected = reader.select(reader.rows([b'{"id": 1}']))
        assert ids == [each.id for each in selected.items]
        assert ((), (record_id,)) == (selected.whole_invoices, selected.whole_records)


def test_time_of_a_single_payment() -> None:
    """If a record is one payment, its time is that of the payment."""
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    payment = Payment(
        provider="acme",
        id="1",
        amount=Decimal(1),
        invoice=InvoiceRef(id="1"),
        modified_at=noon,
    )
    reader = SchemaReader(
        path="$",
        page=list[msgspec.Raw],
        open_page=lambda page: RawPage(page, None, None),
        row=Invoice,
        normalise=lambda _invoice, _raw: payment,
    )
    (row,) = reader.rows([b'{"id": 1}'])
    assert ([payment], noon) == (row.payments and list(row.payments), row.modified_at)


@pytest.mark.parametrize(
    ("record", "message", "path"),
    [
        (b'{"id": "x"}', "Expected `int`, got `str`", "$.data[1].id"),
        (
            b'{"id": 1, "payments": [{"id": 1, "price": "2"}, {"id": 2, "price": "?"}]}',
            "A price is missing",
            "$.data[1].payments[1].price",
        ),
        (b'{"id": 1, "payments": [{"id": 1, "price": "x"}]}', "InvalidOperation", "$.data[1]"),
    ],
)
def test_record_with_a_bad_value(record: bytes, message: str, path: str) -> None:
    """The error of a function has the path that it names, or the path of its record."""
    page = RawPage([b'{"id": 5, "payments": []}', record], None, None)
    with pytest.raises(MalformedResponseError, match=message) as raised:
        list(decode_one_by_one(READER, page, None))
    assert path == raised.value.path


def test_record_that_is_read_liberally() -> None:
    """A number for a text and the like are read as they are meant."""
    (row,) = READER.read_liberally(b'{"id": 1.0, "payments": [], "other": NaN}')
    assert 1 == row.id


def test_page_that_cannot_be_opened() -> None:
    """What the function for a page raises is an error about the page."""
    reader = SchemaReader(
        path="$",
        page=list[msgspec.Raw],
        open_page=lambda page: RawPage(page, str(page[3]), None),
        row=Invoice,
        normalise=normalise,
    )
    with pytest.raises(msgspec.ValidationError, match="IndexError"):
        reader.split(b"[]")


class Named(msgspec.Struct):
    """A record whose id has another name in JSON."""

    id: int = msgspec.field(name="number")
    price: Any = None
    at: datetime | None = None


def make_one(record: Named, raw: bytes) -> Payment | None:
    """Return the payment of a record with a price."""
    if record.price is None:
        return None
    return Payment(
        provider="acme",
        id=str(record.id),
        amount=record.price,
        invoice=InvoiceRef(id="1"),
        raw=raw,
    )


def test_reader_of_a_record_with_names_of_its_own() -> None:
    """Numbers without a type are exact, and the function also gets the bytes of the record."""
    reader = SchemaReader(
        path="$.data",
        page=Page,
        open_page=lambda page: RawPage(page.data, None, None),
        row=Named,
        normalise=make_one,
        times=["at"],
    )
    assert ("$.data", ["at"], "number") == (reader.path, reader.times, reader.id_name)
    (row,) = reader.rows([b'{"number": 7, "price": 1.50}'])
    (payment,) = row.payments or ()
    assert (7, "1.50") == (row.id, str(payment.amount))
    assert {"number": 7, "price": Decimal("1.50")} == payment.raw
    (draft,) = reader.read_liberally(b'{"number": 8.0, "at": "2026-01-31T12:00Z"}')
    assert (8, None, None) == (draft.id, draft.modified_at, draft.payments)


@dataclass
class Base:
    """What all records have."""

    id: int


@dataclass
class Derived(Base):
    """A record that has its id from another class."""

    note: str


def test_id_may_be_a_field_of_a_dataclass() -> None:
    """A dataclass has no attribute for a field without a default, and it may inherit the field."""
    for kind in (Base, Derived):
        reader = SchemaReader(
            path="$",
            page=list[msgspec.Raw],
            open_page=lambda page: RawPage(page, None, None),
            row=kind,
            normalise=lambda _row, _raw: [],
        )
        assert [7] == [row.id for row in reader.rows([b'{"id": 7, "note": ""}'])]


def test_id_may_be_a_property() -> None:
    """A type whose id is made of other fields needs no field for it."""

    class Composed(msgspec.Struct):
        year: int
        number: int

        @property
        def id(self) -> str:
            return f"{self.year}-{self.number}"

    reader = SchemaReader(
        path="$",
        page=list[msgspec.Raw],
        open_page=lambda page: RawPage(page, None, None),
        row=Composed,
        normalise=lambda _row, _raw: [],
    )
    assert ["2026-7"] == [row.id for row in reader.rows([b'{"year": 2026, "number": 7}'])]


def test_record_with_an_amount() -> None:
    """A record with an ``Amount``, which only tables convert, is refused when it is made."""

    class Paid(msgspec.Struct):
        id: str
        amount: Amount

    with pytest.raises(ConfigurationError, match=r"Paid: the field amount .* in a SchemaReader"):
        SchemaReader(
            path="$",
            page=list[msgspec.Raw],
            open_page=lambda page: RawPage(page, None, None),
            row=Paid,
            normalise=lambda _row, _raw: None,
        )


def test_record_without_an_id() -> None:
    """A type of records without an id is refused when the reader is made."""

    class Nameless(msgspec.Struct):
        number: int

    with pytest.raises(ConfigurationError, match="Nameless has no id"):
        SchemaReader(
            path="$",
            page=list[msgspec.Raw],
            open_page=lambda page: RawPage(page, None, None),
            row=Nameless,  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
            normalise=lambda _row, _raw: None,
        )
