"""What is done with the fields of a record after decoding."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, cast

import msgspec
import pytest

from paysdk.errors import ConfigurationError
from paysdk.records.columns import (
    Amount,
    check_converted,
    compile_finish,
    converted,
    has_times,
)
from paysdk.records.errors import FieldError
from paysdk.records.fields import RawRecord

if TYPE_CHECKING:
    TrackedInt = int
else:
    TrackedInt = Annotated[
        int, msgspec.Meta(ge=0), converted(lambda sent, path: SEEN.append((sent, path)) or -sent)
    ]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
SEEN: list[tuple[int, str]] = []


class Part(msgspec.Struct):
    """A part of a record."""

    total: Amount = Decimal(0)
    price: Amount | None = msgspec.field(default=None, name="unitPrice")


class Record(RawRecord, kw_only=True):
    """A record with each kind of column."""

    amount: Amount = Decimal(0)
    part: Part | None = None
    at: Moment | None = None
    count: TrackedInt | None = None
    name: str = ""
    tags: list[str] | None = None


def read(sent: str) -> Record:
    """The record *sent*, finished."""
    row = msgspec.json.Decoder(Record, float_hook=Decimal).decode(sent)
    # Without the cache, so that every test compiles the function.
    compile_finish.__wrapped__(Record, ())([row], [sent.encode()])
    return row


def test_row_gets_its_bytes() -> None:
    """The record's own bytes are in ``raw``."""
    assert b'{"name": "x"}' == read('{"name": "x"}').raw


@pytest.mark.parametrize(
    ("sent", "expected"), [("1.50", "1.50"), ('"1.50"', "1.50"), ("7", "7"), ('"-0"', "-0")]
)
def test_amounts_are_exact(sent: str, expected: str) -> None:
    """A number or a text becomes the Decimal with its digits, also in a part of the record."""
    row = read(f'{{"amount": {sent}, "part": {{"unitPrice": {sent}, "total": {sent}}}}}')
    assert row.part is not None
    amounts = [row.amount, row.part.price, row.part.total]
    assert [expected] * 3 == [str(amount) for amount in amounts]


@pytest.mark.parametrize("sent", ['"NaN"', '"1_0"', "true", "[]", "{}", '""'])
def test_bad_amount_is_refused_at_its_place(sent: str) -> None:
    """The error has the path in the names of JSON."""
    with pytest.raises(msgspec.ValidationError, match=r"\$\[0\]\.part\.unitPrice"):
        read(f'{{"part": {{"unitPrice": {sent}}}}}')


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no such day"), "no such day - at `$[0].shipped.day`"),
        (KeyError("x"), "KeyError: 'x' - at `$[0].shipped.day`"),
        (FieldError("day.part", "missing"), "missing - at `$[0].day.part`"),
        (msgspec.ValidationError("too long - at `$.a`"), "too long - at `$.a`"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_conversion_that_raises_is_refused_at_its_place(error: Exception, message: str) -> None:
    """Whatever a conversion raises gets the path of the field, in the names of JSON."""
    paths: list[str] = []

    def convert(_sent: object, path: str) -> object:
        paths.append(path)
        raise error

    part = msgspec.defstruct("Shipped", [("day", Annotated[str, converted(convert)])])
    kind = msgspec.defstruct("Order", [("shipped", part)], bases=(RawRecord,), kw_only=True)
    row = msgspec.json.decode(b'{"shipped": {"day": "?"}}', type=kind)
    with pytest.raises(msgspec.ValidationError) as raised:
        compile_finish(kind, ())([row], [b""])
    assert (message, ["$[0].shipped.day"]) == (str(raised.value), paths)


def test_conversion_must_be_a_function() -> None:
    """Anything else is refused when the type is declared."""
    with pytest.raises(ConfigurationError, match="converted takes a function, not 5"):
        converted(cast("Any", 5))


@pytest.mark.parametrize("sent", ['{"amount": null}', '{"part": {"total": null}}'])
def test_null_is_no_amount_unless_the_type_allows_it(sent: str) -> None:
    """An amount that must be there is not null."""
    with pytest.raises(msgspec.ValidationError, match="Expected a decimal number"):
        read(sent)


def test_missing_values_stay_none() -> None:
    """Nothing is converted that was not sent."""
    row = read('{"part": {}}')
    assert (None, None, None) == (row.at, row.count, row.part and row.part.price)
    assert read("{}").part is None


@pytest.mark.parametrize("offset", ["Z", "+00:00", "+02:00"])
def test_times_are_in_utc(offset: str) -> None:
    """A time becomes the same moment in UTC."""
    row = read(f'{{"at": "2026-01-01T12:00:00{offset}"}}')
    assert row.at is not None
    assert UTC is row.at.tzinfo
    assert datetime.fromisoformat(f"2026-01-01T12:00:00{offset}") == row.at


def test_field_can_have_a_conversion_of_its_own() -> None:
    """The function gets the value and its path."""
    SEEN.clear()
    assert -3 == read('{"count": 3}').count
    assert [(3, "$[0].count")] == SEEN


def test_fields_of_every_owner_are_converted() -> None:
    """A field is converted in the record and in its parts, unless it or its part is missing."""
    part = msgspec.defstruct("part", [("price", Amount), ("at", Moment)])
    negated = Annotated[int, converted(lambda sent, _path: -sent)]
    kind: Any = msgspec.defstruct(
        "kind",
        [
            ("amount", Amount),
            ("refund", Amount | None, None),
            ("at", Moment | None, None),
            ("count", negated | None, None),
            ("first", part),
            ("second", part | None, None),
        ],
        bases=(RawRecord,),
        kw_only=True,
    )
    noon, text = datetime(2026, 1, 1, 11, tzinfo=UTC), "2026-01-01T12:00:00+01:00"
    parts = f'{{"price": 2.50, "at": "{text}"}}'
    least = f'{{"amount": "1.50", "first": {parts}}}'
    most = f'{least[:-1]}, "refund": 3, "at": "{text}", "count": 4, "second": {parts}}}'
    rows = msgspec.json.Decoder(list[kind], float_hook=Decimal).decode(f"[{least}, {most}]")
    compile_finish(kind, ())(rows, [b"", b""])
    assert [
        (Decimal("1.50"), None, None, None),
        (Decimal("1.50"), Decimal(3), noon, -4),
    ] == [(row.amount, row.refund, row.at, row.count) for row in rows]
    owners = [rows[0].first, rows[1].first, rows[1].second]
    assert [(Decimal("2.50"), noon, UTC)] * 3 == [
        (owner.price, owner.at, owner.at.tzinfo) for owner in owners
    ]
    assert rows[0].second is None


def test_times_are_found_in_the_type() -> None:
    """Only a type with a time has to be searched for times that are too fine."""
    assert has_times(Record)
    assert not has_times(Part)


def test_settings_are_put_on_each_row() -> None:
    """A setting replaces what the row has."""
    rows: list[Any] = [Record(), Record()]
    compile_finish(Record, ("name",))(rows, [b"1", b"2"], "set")
    assert [(b"1", "set"), (b"2", "set")] == [(row.raw, row.name) for row in rows]


class Listed(msgspec.Struct):
    """A record with parts in a list, which may have parts of their own."""

    parts: list[Part] | None = None
    inner: dict[str, Listed] | None = None


class Left(msgspec.Struct):
    """A record that contains itself through another one."""

    right: list[Right]


class Right(msgspec.Struct):
    """The other one."""

    left: Left
    total: Annotated[Amount, "a note"]


@pytest.mark.parametrize(
    ("kind", "in_table", "field"),
    [
        (Record, True, ""),
        (Record, False, "amount"),
        (Part, False, "total"),
        (Listed, True, r"parts\[\]\.total"),
        (Listed, False, r"parts\[\]\.total"),
        (Left, True, r"right\[\]\.total"),
    ],
)
def test_conversion_without_effect_is_refused(
    kind: Any,  # noqa: ANN401  # any type
    field: str,
    *,
    in_table: bool,
) -> None:
    """A field that stays as it was sent is named, and tables convert those of nested objects."""
    if not field:
        check_converted(kind, in_table=in_table)
        return
    with pytest.raises(ConfigurationError, match=rf"^{kind.__name__}: the field {field} is an Amo"):
        check_converted(kind, in_table=in_table)
