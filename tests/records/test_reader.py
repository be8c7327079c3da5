"""Readers that are made from a schema and a normalising function."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from paysdk import InvoiceRef, MalformedResponseError, Payment
from paysdk.records.page import RawPage, decode_one_by_one, decode_or_raise, try_decode
from paysdk.records.reader import SchemaReader

if TYPE_CHECKING:
    from collections.abc import Callable


class Row(msgspec.Struct):
    """A record."""

    id: int
    total: Any = "1.00"
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    what: str = "payment"


class Page(msgspec.Struct):
    """A page."""

    items: list[msgspec.Raw]
    links: dict[str, str | None] = msgspec.field(default_factory=dict)


def normalise(row: Row, record: bytes) -> Payment | None:
    """What is a payment."""
    if row.what != "payment":
        return None
    amount, modified_at = Decimal(row.total), row.at.astimezone(UTC)
    return Payment(
        provider="acme",
        id=str(row.id),
        amount=amount,
        invoice=InvoiceRef(id=""),
        modified_at=modified_at,
        raw=record,
    )


def reader(function: Callable[[Row, bytes], Payment | None] = normalise) -> SchemaReader[Page, Row]:
    """A reader with this function."""
    return SchemaReader(
        path="$.items",
        page=Page,
        open_page=lambda page: RawPage(page.items, page.links["next"], 7),
        row=Row,
        normalise=function,
    )


def test_a_page_is_opened_by_its_type_and_its_function() -> None:
    """The records stay in their own bytes, and the link and the count are what the function says."""
    page = reader().split(b'{"items": [ {"id": 1} , 7], "links": {"next": "?page=2"}, "more": 1}')
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
def test_a_page_that_does_not_fit_is_malformed(body: bytes, message: str) -> None:
    """Neither type nor function can make anything of it."""
    with pytest.raises(MalformedResponseError, match=message):
        decode_or_raise(reader().split, body)


def test_records_become_payments_and_keep_their_bytes() -> None:
    """Numbers are exact, and what was sent is there as it was."""
    sent = b'{"id": 1, "total": 12.50, "note": "x"}'
    (row,) = reader().rows([sent])
    payment = reader().make(row)
    assert ("1", "12.50", {"id": 1, "total": Decimal("12.50"), "note": "x"}) == (
        payment.id,
        str(payment.amount),
        payment.raw,
    )
    assert (1, datetime(2026, 1, 1, tzinfo=UTC), sent, False) == (
        row.id,
        row.modified_at,
        row.raw,
        reader().leaves_out(row),
    )


def test_what_is_no_payment_is_said_to_be_none() -> None:
    """It has an id, from which a pagination may go on, and nothing else."""
    (row,) = reader().rows([b'{"id": 1, "what": "attempt"}'])
    assert (1, None, True) == (row.id, row.modified_at, reader().leaves_out(row))


@pytest.mark.parametrize(
    ("record", "message", "path"),
    [
        (b'{"id": "x"}', "Expected `int`, got `str`", "$.items[1].id"),
        (b"{}", "Object missing required field `id`", "$.items[1].id"),
        (b'{"id": 1, "total": "x"}', "InvalidOperation", "$.items[1]"),
        (b'{"id": 1, "total": "NaN"}', "must be a finite decimal", "$.items[1]"),
        (
            b'{"id": 1, "at": "0001-01-01T00:00:00+01:00"}',
            "OverflowError: date value out of range",
            "$.items[1]",
        ),
    ],
)
def test_a_record_of_which_nothing_can_be_made_is_malformed(
    record: bytes, message: str, path: str
) -> None:
    """Whatever the function raises of a bad value says why, with the record's place, and the others can be read."""
    aside: list[MalformedResponseError] = []
    records = [b'{"id": 0}', record, b'{"id": 2}']
    assert try_decode(reader(), records) is None
    rows = decode_one_by_one(reader(), RawPage(records, None, None), aside.append)
    assert [0, None, 2] == [row and row.id for row in rows]
    assert [(path, record)] == [(error.path, error.raw) for error in aside]
    assert message in str(aside[0])


def test_a_function_may_say_where_a_value_is_wrong() -> None:
    """A path in the error is one within the record."""

    def refuse(_row: Row, _record: bytes) -> Payment:
        raise msgspec.ValidationError("Expected something else - at `$.total`")

    with pytest.raises(
        MalformedResponseError, match=r"Expected something else, at \$\.items\[0\]\.total"
    ) as raised:
        list(decode_one_by_one(reader(refuse), RawPage([b'{"id": 1}'], None, None), None))
    assert "$.items[0].total" == raised.value.path


def test_a_mistake_in_a_function_is_no_malformed_record() -> None:
    """What no value is to blame for is not blamed on one."""

    def mistaken(_row: Row, _record: bytes) -> Payment:
        raise AttributeError("no such field")

    with pytest.raises(AttributeError):
        try_decode(reader(mistaken), [b'{"id": 1}'])
