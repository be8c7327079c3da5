"""From bytes to rows, and that every failure is a MalformedResponseError."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import MalformedResponseError
from paysdk.providers.campfire.invoices.normalise import read_invoice, read_paid
from paysdk.records.malformed import decode_or_raise
from paysdk.records.page import as_array, batches
from tests.records.reading import (
    CAMPFIRE,
    CAMPFIRE_ROW,
    NOTIFY,
    NOTIFY_ROW,
    READERS,
    SAMPLES,
    fault_of,
    good,
    page_of,
    payments_in,
    with_field,
)

if TYPE_CHECKING:
    from paysdk.payment import Payment
    from paysdk.records.page import Reader


@READERS
def test_fields_that_are_null_or_missing_are_none(reader: Reader[Payment]) -> None:
    """An optional field may be null or missing."""
    required = {"id", "amount", "invoice_id", "invoice"}
    bare = {name: value for name, value in good(reader).items() if name in required}
    nulls = {name: value if name in required else None for name, value in good(reader).items()}
    first, second = payments_in(reader, page_of(reader, bare, nulls))
    assert first == second
    assert (None, None, None, None) == (
        first.payment_date,
        first.customer,
        first.modified_at,
        first.currency,
    )


@READERS
@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[]", "$"),
        (b"null", "$"),
        (b'"text"', "$"),
        (b"{}", "$.{name}"),
        (b'{"{name}":null}', "$.{name}"),
        (b'{"{name}":{}}', "$.{name}"),
        (b'{"{name}":NaN}', "$.{name}"),
    ],
)
def test_wrong_envelope_is_malformed_at_its_path(
    reader: Reader[Payment], body: bytes, path: str
) -> None:
    """A page without its list of records is malformed JSON, and is not requested again."""
    name = reader.path.removeprefix("$.")
    fault = fault_of(reader, body.replace(b"{name}", name.encode()))
    assert (path.replace("{name}", name), False) == (fault.path, fault.not_json)


@READERS
def test_text_of_any_language_is_kept(reader: Reader[Payment]) -> None:
    """Text outside of ASCII is read, and raw has it."""
    (payment,) = payments_in(
        reader,
        page_of(
            reader,
            json.dumps(good(reader) | {"memo": "Größe, 金額, 😀"}, ensure_ascii=False).encode(),
        ),
    )
    assert "Größe, 金額, 😀" == payment.raw["memo"]


@READERS
def test_last_of_two_fields_of_one_name_counts(reader: Reader[Payment]) -> None:
    """If a field comes twice, the last one counts, in the payment and in raw."""
    record = json.dumps(good(reader)).encode()[:-1] + b',"amount":2.50}'
    (payment,) = payments_in(reader, page_of(reader, record))
    assert (Decimal("2.50"), Decimal("2.50")) == (payment.amount, payment.raw["amount"])


AMOUNTS = [
    (b"0", "0"),
    (b"150", "150"),
    (b"883.330", "883.330"),
    (b"-12.50", "-12.50"),
    (b"-0.00", "-0.00"),
    (b"1E+3", "1E+3"),
    (b"1E+400", "1E+400"),
    (b"1e-7", "1E-7"),
    (b"9" * 1000, "9" * 1000),
    (b"0." + b"1" * 1000, "0." + "1" * 1000),
    (b'"100.00"', "100.00"),
    (b'"-1"', "-1"),
    (b'"+1.50"', "1.50"),
    (b'".5"', "0.5"),
    (b'"5."', "5"),
    (b'"1e3"', "1E+3"),
]


@READERS
@pytest.mark.parametrize(
    ("sent", "expected"), AMOUNTS, ids=[sent[:12].decode() for sent, _ in AMOUNTS]
)
def test_amounts_have_the_digits_that_were_sent(
    reader: Reader[Payment], sent: bytes, expected: str
) -> None:
    """An amount has exactly the digits that were sent, however many there are."""
    (payment,) = payments_in(reader, page_of(reader, with_field(good(reader), "amount", sent)))
    assert expected == str(payment.amount)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["1", "2026-01-02", "02-01-2021"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(sorted(CAMPFIRE_ROW | NOTIFY_ROW)) | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def near(row: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Records like *row*, but for some fields."""
    return st.fixed_dictionaries(
        {}, optional={name: st.just(value) | JSON for name, value in row.items()}
    ).map(lambda changed: row | changed)


PAGES = st.fixed_dictionaries(
    {},
    optional={
        "results": st.lists(near(CAMPFIRE_ROW) | JSON, max_size=4) | JSON,
        "payments": st.lists(near(NOTIFY_ROW) | JSON, max_size=4) | JSON,
        "next": st.none() | st.text(max_size=5) | JSON,
        "links": JSON
        | st.fixed_dictionaries({"next": JSON | st.fixed_dictionaries({"href": JSON})}),
        "count": JSON,
    },
)
INVOICE: dict[str, Any] = json.loads(SAMPLES["mark_invoice_paid"])


@settings(max_examples=150)
@given(PAGES | JSON | near(INVOICE) | near({"payment_ids": [1], "id": 1}))
def test_json_near_the_documents_is_read_or_malformed(value: object) -> None:
    """JSON of nearly the right shape gives payments, or raises MalformedResponseError."""
    read_everything(json.dumps(value).encode())


@settings(max_examples=250)
@given(
    st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode(errors="replace"))
)
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    """Any bytes, as a page or as a record, give payments or raise MalformedResponseError."""
    read_everything(body)
    read_everything(page_of(CAMPFIRE, body))
    read_everything(page_of(NOTIFY, body))


def read_everything(body: bytes) -> None:
    """Read *body* as each response of both providers."""
    paths = ["$"]
    for reader in (CAMPFIRE, NOTIFY):
        try:
            payments = payments_in(reader, body)
        except MalformedResponseError as error:
            paths.append(error.path)
        else:
            assert all(
                payment.amount.is_finite() and hash(payment) and payment.raw for payment in payments
            )
    for read in (read_invoice, read_paid):
        try:
            assert decode_or_raise(read, body)
        except MalformedResponseError as error:
            paths.append(error.path)
    assert all(path.startswith("$") for path in paths)


def test_array_of_records_is_their_own_bytes() -> None:
    """The records in an array keep their bytes."""
    assert b'[{"a" : 1.0},null]' == as_array([b'{"a" : 1.0}', b"null"])
    assert b"[]" == as_array([])


def test_batches_of_large_records_end_with_the_last_one() -> None:
    """Large records come in smaller batches, and no batch is empty."""
    large = [b'"%s"' % (b"x" * 70_000)] * 4

    assert [large[:2], large[2:]] == list(batches(large))


def test_batch_ends_when_it_is_large_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch has the record with which it reaches its size, and no other after it."""
    monkeypatch.setattr("paysdk.records.page._BATCH_BYTES", 10)
    expected = [[5, 4, 3], [5, 4, 3], [5, 5], [1]]
    records = [b"x" * size for sizes in expected for size in sizes]
    assert expected == [[len(record) for record in batch] for batch in batches(records)]
