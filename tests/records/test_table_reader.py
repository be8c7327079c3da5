"""The reader of every provider, and the one for providers of your own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from paysdk import ConfigurationError, InvoiceRef, MalformedResponseError
from paysdk.records.columns import Amount
from paysdk.records.fields import PaymentRecord
from paysdk.records.malformed import decode_one_by_one, decode_or_raise
from paysdk.records.page import RawPage, Selected, try_decode
from paysdk.records.table_reader import TableReader


class Row(PaymentRecord, kw_only=True):
    """A record."""

    provider = "acme"
    id: int
    amount: Amount = msgspec.field(default=Decimal(1), name="total")
    invoice = InvoiceRef(id="")
    day: str | None = None

    @property
    def payment_date(self) -> date | None:
        """Its day."""
        return None if self.day is None else date.fromisoformat(self.day)

    place: int = 0

    @property
    def source(self) -> str | None:
        """The shop."""
        return SHOPS[self.place]

    modified_at: datetime | None = msgspec.field(default=None, name="at")
    what: str = "payment"

    @property
    def is_payment(self) -> bool:
        """Whether it is one."""
        return self.what == "payment"


class Page(msgspec.Struct):
    """A page."""

    items: list[msgspec.Raw]
    links: dict[str, str | None] = msgspec.field(default_factory=dict)


SHOPS: list[str | None] = [None, "web"]
READER = TableReader(
    path="$.items",
    page=Page,
    open_page=lambda page: RawPage(page.items, page.links["next"], 7),
    row=Row,
)


def test_page_is_opened_by_its_type_and_its_function() -> None:
    """The records stay bytes, and the function finds the link and the count."""
    page = READER.split(b'{"items": [ {"id": 1} , 7], "links": {"next": "?page=2"}, "more": 1}')
    assert ([b'{"id": 1}', b"7"], "?page=2", 7) == (
        [bytes(record) for record in page.records],
        page.link,
        page.reported_count,
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"items": 7}', r"Expected `array`, got `int`, at \$\.items"),
        (b'{"items": []}', r"KeyError: 'next', at \$"),
        (b"{", "The response is not JSON"),
    ],
)
def test_page_that_does_not_fit_is_malformed(body: bytes, message: str) -> None:
    """A page is malformed if its type or its function refuses it."""
    with pytest.raises(MalformedResponseError, match=message):
        decode_or_raise(READER.split, body)


def test_records_become_payments_and_keep_their_bytes() -> None:
    """Numbers are exact, times are in UTC, and ``raw`` is what was sent."""
    sent = b'{"id": 1, "total": 12.50, "note": "x", "at": "2026-01-01T01:00:00+01:00", "place": 1}'
    (row,) = READER.rows([sent])
    payment = READER.make(row)
    assert ("1", "12.50", "web") == (payment.id, str(payment.amount), payment.source)
    assert {"note": "x"}.items() <= payment.raw.items()
    assert (1, datetime(2026, 1, 1, tzinfo=UTC), sent) == (row.id, row.modified_at, row.raw)
    assert Selected([row]) == READER.select([row])


def test_settings_are_on_each_record() -> None:
    """A setting of the reader replaces what the record has, and the page is opened as usual."""
    reader = TableReader(
        path="$.items",
        page=Page,
        open_page=lambda page: RawPage(page.items, page.links["next"], None),
        row=Row,
        settings={"place": 1},
    )
    assert ["web"] == [row.source for row in reader.rows([b'{"id": 1, "place": 0}'])]
    with pytest.raises(msgspec.ValidationError, match="KeyError: 'next'"):
        reader.split(b'{"items": []}')


def test_record_that_is_no_payment_is_left_out() -> None:
    """It keeps its id, from which a pagination may go on, and its properties are not read."""
    (row,) = READER.rows([b'{"id": 1, "what": "attempt", "place": 7}'])
    assert Selected([], ("1",)) == READER.select([row])


@pytest.mark.parametrize(
    ("record", "message", "path"),
    [
        (b'{"id": "x"}', "Expected `int`, got `str`", "$.items[1].id"),
        (b"{}", "Object missing required field `id`", "$.items[1].id"),
        (b'{"id": 1, "total": "x"}', "Expected a decimal number", "$.items[1].total"),
        (b'{"id": 1, "total": null}', "Expected a decimal number", "$.items[1].total"),
        (b'{"id": 1, "day": "31-01-2026"}', "Invalid isoformat string", "$.items[1]"),
        (b'{"id": 1, "place": 7}', "IndexError: list index out of range", "$.items[1]"),
        (b'{"id": 1, "at": "2026-01-01T00:00:00"}', "a time with an offset", "$.items[1].at"),
        (b'{"id": 1, "at": "0001-01-01T00:00:00+01:00"}', "between the years", "$.items[1].at"),
    ],
)
def test_record_with_a_bad_value_is_malformed(record: bytes, message: str, path: str) -> None:
    """A property may raise Python's errors for a bad value, and the other records are read."""
    aside: list[MalformedResponseError] = []
    records = [b'{"id": 0}', record, b'{"id": 2}']
    assert try_decode(READER, records) is None
    rows = decode_one_by_one(READER, RawPage(records, None, None), aside.append)
    assert [0, None, 2] == [row and row.id for row in rows]
    assert [(path, record)] == [(error.path, error.raw) for error in aside]
    assert message in str(aside[0])


def reader_of(row: type[PaymentRecord]) -> TableReader[Any, Any]:
    """A reader for records of this type."""
    return TableReader(
        path="$", page=list, open_page=lambda page: RawPage(page, None, None), row=row
    )


class Refuses(PaymentRecord, kw_only=True):
    """A record with a property that raises an error."""

    provider = "acme"
    id: int
    amount = Decimal(1)
    error: BaseException | None = msgspec.field(default=None, name="<error>")

    @property
    def invoice(self) -> InvoiceRef:
        """Raise the error."""
        raise ERRORS[self.id]


ERRORS = [
    msgspec.ValidationError("Expected something else - at `$[0].total`"),
    TypeError("a mistake"),
]


def test_property_may_say_where_a_value_is_wrong() -> None:
    """A path in the error of a property is a path in the record."""
    with pytest.raises(
        MalformedResponseError, match=r"Expected something else, at \$\[0\]\.total"
    ) as raised:
        list(decode_one_by_one(reader_of(Refuses), RawPage([b'{"id": 0}'], None, None), None))
    assert "$[0].total" == raised.value.path


def test_amount_must_be_finite() -> None:
    """An amount whose type takes NaN makes the record malformed."""

    class Loose(PaymentRecord, kw_only=True):
        provider = "acme"
        id: int
        amount: Decimal
        invoice = InvoiceRef(id="")

    with pytest.raises(msgspec.ValidationError, match=r"finite decimal\.Decimal"):
        reader_of(Loose).rows([b'{"id": 1, "amount": "NaN"}'])


def test_exception_of_a_property_is_about_its_record() -> None:
    """Any exception of a property makes the record malformed, and is the cause of the error."""
    reader, page = reader_of(Refuses), RawPage([b'{"id": 1}'], None, None)
    assert try_decode(reader, [b'{"id": 1}']) is None
    with pytest.raises(
        MalformedResponseError, match=r"TypeError: a mistake, in the property '\w+', at \$\[0\]"
    ) as raised:
        list(decode_one_by_one(reader, page, None))
    assert "a mistake" == str(raised.value.__cause__)
    assert isinstance(raised.value.__cause__, TypeError)
    set_aside: list[MalformedResponseError] = []
    list(decode_one_by_one(reader, page, set_aside.append))
    assert isinstance(set_aside[0].__cause__, TypeError)


def test_record_must_say_what_each_required_field_is() -> None:
    """A reader is refused if its record lacks a field that has no default."""

    class Lacking(PaymentRecord, kw_only=True):
        provider = "acme"
        id: int
        amount: Amount

    with pytest.raises(
        ConfigurationError, match="Lacking does not say what a payment's 'invoice' is"
    ):
        reader_of(Lacking)


def test_exception_names_its_property() -> None:
    """The error says which property raised, unless the property does not raise again."""
    times: list[int] = []

    class Unsteady(PaymentRecord, kw_only=True):
        provider = "acme"
        id: int
        amount = Decimal(1)

        @property
        def invoice(self) -> InvoiceRef:
            """Raise the first time."""
            times.append(self.id)
            if times.count(self.id) == 1:
                raise KeyError("number")
            return InvoiceRef(id="")

    with pytest.raises(
        msgspec.ValidationError, match=r"^TypeError: a mistake, in the property 'in"
    ):
        reader_of(Refuses).rows([b'{"id": 1}'])
    with pytest.raises(msgspec.ValidationError, match=r"^KeyError: 'number'$"):
        reader_of(Unsteady).rows([b'{"id": 1}'])


def test_settings_are_fields_of_the_record() -> None:
    """A misspelt name in the settings is refused before anything is read."""
    with pytest.raises(ConfigurationError, match="Row has no field 'palce'"):
        TableReader(
            path="$.items",
            page=Page,
            open_page=lambda page: RawPage(page.items, None, None),
            row=Row,
            settings={"palce": 1},
        )
