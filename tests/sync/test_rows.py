"""Payments as rows, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysdk import CustomerRef, InvoiceRef, Payment
from paysdk.sync import SQLPaymentStore, StoreError, sync_payments
from paysdk.sync.rows import POSTGRESQL, SQLITE, Codec, escape_unstorable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Kept = Callable[..., Awaitable[dict[str, Payment]]]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False)
MOMENTS = st.none() | st.datetimes(timezones=st.just(UTC))
DAYS = st.none() | st.dates()
# Every text that a database can hold.
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def payments(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Payment]:
    """Generate payments with these texts."""
    maybe = st.none() | texts
    return st.builds(
        Payment,
        provider=st.just("acme"),
        id=texts,
        amount=AMOUNTS,
        currency=maybe,
        payment_date=DAYS,
        invoice=st.builds(InvoiceRef, texts, maybe, st.none() | AMOUNTS, st.none() | AMOUNTS),
        customer=st.none() | st.builds(CustomerRef, maybe, maybe, texts),
        external_id=maybe,
        source=maybe,
        voided_date=DAYS,
        voided=st.booleans(),
        created_at=MOMENTS,
        modified_at=MOMENTS,
        raw=st.dictionaries(PLAIN, st.none() | PLAIN | st.integers()),
    )


def shown(payment: Payment) -> tuple[object, ...]:
    """Return the digits of a payment, and the bytes of its record."""
    return (*(str(value) for value in attrs.astuple(payment, recurse=False)), payment._raw)


@pytest.mark.parametrize("codec", [SQLITE, POSTGRESQL])
@given(payment=payments(PLAIN))
def test_a_row_gives_the_payment_back(codec: Codec, payment: Payment) -> None:
    """The payment is the same to the digit and to the byte."""
    assert shown(payment) == shown(codec.to_payment("acme", codec.to_row(payment)))


@pytest.mark.parametrize("codec", [SQLITE, POSTGRESQL])
@given(payment=payments(st.text()))
def test_a_row_is_the_same_each_time(codec: Codec, payment: Payment) -> None:
    """A character that was escaped once is not escaped again."""
    row = codec.to_row(payment)

    assert row == codec.to_row(codec.to_payment("acme", row))


def test_a_row_of_sqlite_is_text() -> None:
    """Amounts keep their digits, and dates and times are in ISO 8601."""
    payment = Payment(
        provider="acme",
        id="7",
        amount=Decimal("1E+3"),
        payment_date=date(2025, 1, 31),
        invoice=InvoiceRef("1", None, Decimal("0.50")),
        modified_at=datetime(2025, 1, 31, 8, 0, 0, 5, tzinfo=UTC),
        raw=b'{"a": 1.50}',
    )
    texts = [value for value in SQLITE.to_row(payment) if value is not None]

    assert [
        "7",
        "1E+3",
        "2025-01-31",
        "1",
        "0.50",
        False,
        "2025-01-31T08:00:00.000005Z",
        '{"a": 1.50}',
    ] == texts


@pytest.mark.parametrize(
    ("text", "stored"),
    [("a\0b", "a\\u0000b"), ("\ud800", "\\ud800"), ("Zoë 💶", "Zoë 💶"), ("", "")],
)
def test_a_character_that_no_database_can_hold_is_escaped(text: str, stored: str) -> None:
    """It is escaped as in JSON, and all other characters stay."""
    assert stored == escape_unstorable(text)


AMOUNTS_SENT = [
    "100.50",
    "0.00",
    "-7",
    "1000000000000000000.000000001",
    "12345678901234567890.10",
    "1E+3",
    "-0.0",
]


async def test_amounts_keep_every_digit(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept
) -> None:
    """PostgreSQL keeps the value and the digits after the point, and SQLite the text."""
    shelf.payments = [
        make(number, 1, amount=Decimal(sent)) for number, sent in enumerate(AMOUNTS_SENT)
    ]
    await sync_payments(shelf, store)
    stored = [str(payment.amount) for _, payment in sorted((await kept(store)).items())]
    plain = [
        "1000" if sent == "1E+3" else "0.0" if sent == "-0.0" else sent for sent in AMOUNTS_SENT
    ]

    assert (
        plain if store._database.engine.dialect.name == "postgresql" else AMOUNTS_SENT
    ) == stored
    assert {"unchanged": 7} == {
        "unchanged": (await sync_payments(shelf, store, full=True)).unchanged
    }


async def test_raw_is_kept_to_the_byte(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept, rows: Rows
) -> None:
    """Spaces, escapes, repeated keys and numbers of any size stay, and SQL can query them."""
    sent = [
        b'{ "b":1.50,"a":1e3 , "a":"x","big":123456789012345678901234567890.000}',
        b'{"nul":"\\u0000","half":"\\ud800","pair":"\\ud83d\\ude00","e":"\xc3\xab"}',
        b'"a text"',
        b"7.10",
        b"[]",
    ]
    shelf.payments = [make(number, 1, raw=raw) for number, raw in enumerate(sent)]
    await sync_payments(shelf, store)
    arrow = {"sqlite": "json_extract(raw, '$.b')", "postgresql": "raw->>'b'"}[
        store._database.engine.dialect.name
    ]

    assert sent == [payment._raw for _, payment in sorted((await kept(store)).items())]
    select = f"SELECT {arrow} FROM payments WHERE id = '0'"  # noqa: S608  # no user's
    assert "1.5" in str((await rows(store, select))[0][0])


async def test_another_order_of_keys_is_no_change(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept
) -> None:
    """Spaces or a zero at the end of an amount make no change, but an unknown field does."""
    shelf.payments = [make(1, 1, raw=b'{"a":1,"b":2.0}'), make(2, 1, raw=b'{"a":1}')]
    await sync_payments(shelf, store)
    shelf.payments = [
        make(1, 1, amount=Decimal("100.5"), raw=b'{"b":2.00, "a":1}'),
        make(2, 1, raw=b'{"a":2}'),
    ]
    report = await sync_payments(shelf, store)
    changes = [(change.payment_id, change.fields) async for change in store.changes(after=2)]

    assert (1, 1) == (report.unchanged, report.changed)
    assert [("2", ("raw",))] == changes
    assert {"a": 2} == (await kept(store))["2"].raw


async def test_escaped_characters_make_no_change(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept, replayed: Kept
) -> None:
    """They are escaped again in the same way, also in an id."""
    strange = make(
        1,
        1,
        id="a\0b",
        external_id="x\0",
        invoice=InvoiceRef("1\ud800", None),
        customer=CustomerRef(name="A\0"),
        raw=b"{}",
    )
    shelf.payments = [strange]
    await sync_payments(shelf, store)
    assert 1 == (await sync_payments(shelf, store)).unchanged
    shelf.payments = [attrs.evolve(strange, amount=Decimal(1))]
    await sync_payments(shelf, store)
    (change,) = [change async for change in store.changes() if change.kind == "changed"]

    assert ("a\\u0000b", ("amount",)) == (change.payment_id, change.fields)
    assert CustomerRef(name="A\\u0000") == (await kept(store))["a\\u0000b"].customer
    assert await kept(store) == await replayed(store)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("amount", {"amount": Decimal("1E+131072")}),
        ("invoice.total", {"invoice": InvoiceRef("1", None, Decimal("0E-16384"))}),
        ("invoice.balance", {"invoice": InvoiceRef("1", None, None, Decimal("1.5E-16383"))}),
        ("amount", {"amount": Decimal("1E+999999")}),
    ],
)
async def test_an_amount_beyond_postgresql_is_refused(
    shelf: Shelf, schema: str, make: Make, *, field: str, fields: dict[str, Any]
) -> None:
    """The message names the payment, nothing of its page is written, and earlier pages stay."""
    shelf.payments = [make(0, 1), make(1, 1), make(2, 1), make(3, 1, **fields)]
    async with SQLPaymentStore(schema) as store:
        with pytest.raises(
            StoreError,
            match=rf"Payment '3' of acme has {field} .* which PostgreSQL cannot keep.* in SQLite",
        ):
            await sync_payments(shelf, store)
        assert ["0", "1"] == [payment.id async for payment in store.payments(provider="acme")]


async def test_the_largest_and_the_finest_amounts_are_kept(
    shelf: Shelf, store: SQLPaymentStore, make: Make, kept: Kept
) -> None:
    """Both databases keep the limits of PostgreSQL, and zeros of any size."""
    amounts = [Decimal(sent) for sent in ("9.5E+131071", "-1E-16383", "0E-16383", "0E+999999")]
    shelf.payments = [make(number, 1, amount=amount) for number, amount in enumerate(amounts)]
    await sync_payments(shelf, store)

    assert amounts == [payment.amount for _, payment in sorted((await kept(store)).items())]


async def test_sqlite_keeps_any_amount(
    tmp_path: Path, shelf: Shelf, make: Make, kept: Kept
) -> None:
    """SQLite stores amounts as text."""
    shelf.payments = [make(1, 1, amount=Decimal("1E+999999"))]
    async with SQLPaymentStore(tmp_path / "payments.db") as store:
        await sync_payments(shelf, store)
        assert Decimal("1E+999999") == (await kept(store))["1"].amount


@pytest.mark.parametrize(
    "column", ["amount", "invoice_total", "payment_date", "created_at", "voided_date", "raw"]
)
async def test_a_row_that_cannot_be_read_is_reported(
    tmp_path: Path, shelf: Shelf, make: Make, rows: Rows, column: str
) -> None:
    """The message names the payment whose row another program has changed."""
    shelf.payments = [make(7, 1)]
    async with SQLPaymentStore(tmp_path / "payments.db") as store:
        await sync_payments(shelf, store)
        update = f"UPDATE payments SET {column} = x'616263'"  # noqa: S608  # our own names
        await rows(store, update, writes=True)
        with pytest.raises(
            StoreError,
            match=r"Payment '7' of acme cannot be read: .* row of the table payments .* Correct",
        ):
            _ = [payment async for payment in store.payments(provider="acme")]


@pytest.mark.parametrize("moment", ["garbage", "2026-01-31T08:00:00"])
async def test_a_time_that_cannot_be_read_is_reported(
    tmp_path: Path, shelf: Shelf, rows: Rows, moment: str
) -> None:
    """A time without a zone, such as a watermark, is refused."""
    async with SQLPaymentStore(tmp_path / "payments.db") as store:
        await sync_payments(shelf, store)
        update = f"UPDATE sync_state SET watermark = '{moment}'"  # noqa: S608  # our own
        await rows(store, update, writes=True)
        with pytest.raises(
            StoreError,
            match=rf"has '{moment}' instead of a time with a zone, in sync_state or payments",
        ):
            await sync_payments(shelf, store)


def test_a_required_time_must_not_be_missing() -> None:
    """A NULL in a column that is never empty is an error."""
    with pytest.raises(ValueError, match="time is missing"):
        SQLITE.read_required_moment(None)
