"""From bytes to rows: what is wrong with a record, and where; and that nothing but MalformedResponseError comes out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import paysdk.providers
from paysdk.errors import MalformedResponseError
from paysdk.exact import exact_amount, in_utc
from paysdk.providers.campfire.invoices.normalise import read_invoice, read_paid
from paysdk.providers.campfire.normalise import READER as CAMPFIRE
from paysdk.providers.notify.normalise import make_reader
from paysdk.records.page import (
    RawPage,
    as_array,
    batches,
    decode_one_by_one,
    decode_or_raise,
    modified_at,
    open_page,
    try_decode,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.payment import Payment
    from paysdk.records.page import Reader

NOTIFY = make_reader(None)
READERS = pytest.mark.parametrize("reader", [CAMPFIRE, NOTIFY], ids=["campfire", "notify"])
PROVIDERS = Path(paysdk.providers.__file__).parent
SAMPLES = {path.stem: path.read_bytes() for path in sorted(PROVIDERS.glob("*/samples/*.json"))}

CAMPFIRE_ROW: dict[str, Any] = {
    "id": 1,
    "invoice_id": 2,
    "invoice_number": "INV-2",
    "amount": 1,
    "currency": "EUR",
    "payment_date": "2026-01-02",
    "external_id": "btxn_1",
    "source": "MANUAL",
    "voided_date": None,
    "created_at": "2026-01-02T03:04:05Z",
    "last_modified_at": "2026-01-02T03:04:05+0000",
}
NOTIFY_ROW: dict[str, Any] = {
    "id": "p1",
    "date": "02-01-2021",
    "amount": "100.00",
    "invoice": {
        "id": "i1",
        "number": "10001",
        "invoiceTotal": "480.00",
        "invoiceBalance": "380.00",
    },
    "customer": {"id": "c1", "number": "10001", "name": "Creditparters B.V."},
}


def page_of(reader: Reader[Payment], *records: object) -> bytes:
    """A page with these records; what is given as bytes stands in it as it is."""
    parts = [
        record if isinstance(record, bytes) else json.dumps(record).encode() for record in records
    ]
    return b'{"%s":[%s]}' % (reader.path.removeprefix("$.").encode(), b",".join(parts))


def good(reader: Reader[Payment]) -> dict[str, Any]:
    """A record that *reader* can read."""
    return CAMPFIRE_ROW if reader is CAMPFIRE else NOTIFY_ROW


def payments_in(
    reader: Reader[Payment],
    body: bytes,
    set_aside: Callable[[MalformedResponseError], None] | None = None,
) -> list[Payment]:
    """All payments of a page."""
    page = open_page(reader, body)
    rows = try_decode(reader, list(map(bytes, page.records)))
    if rows is None:
        rows = [row for row in decode_one_by_one(reader, page, set_aside) if row is not None]
    return [reader.make(row) for row in rows]


def fault_of(reader: Reader[Payment], body: bytes) -> MalformedResponseError:
    """The error that reading a page raises."""
    with pytest.raises(MalformedResponseError) as caught:
        payments_in(reader, body)
    return caught.value


def with_field(record: dict[str, Any], path: str, value: object) -> bytes:
    """*record* with the field at *path*, such as invoice.id, set to *value*; bytes are put in as they are."""
    outer, _, inner = path.partition(".")
    mark = "@mark@"
    changed = record | {outer: (record[outer] | {inner: mark}) if inner else mark}
    return (
        json.dumps(changed)
        .encode()
        .replace(
            f'"{mark}"'.encode(), value if isinstance(value, bytes) else json.dumps(value).encode()
        )
    )


CAMPFIRE_FAULTS: list[tuple[str, list[object]]] = [
    ("id", [None, True, 1.5, [], {}, "", b"1e2", b"NaN"]),
    ("invoice_id", [None, False, 1.5, [], {}, ""]),
    ("invoice_number", [True, [1], {"a": 1}, b"NaN", b"-Infinity"]),
    (
        "amount",
        [
            None,
            True,
            [],
            {},
            "",
            b"NaN",
            b"Infinity",
            "NaN",
            "Infinity",
            "-inf",
            "sNaN",
            "1_000",
            " 1",
            "1 ",
            "1\n",
            "\u0661",
            "1,50",
            "0x1",
            "1e",
            "--1",
            ".",
        ],
    ),
    ("amount", [b"1e99999999999999999999", b'"1e99999999999999999999"', b"9" * 5000]),
    (
        "amount",
        ["Object missing required field `x`", "missing required field `x`", " - at `$.x`", "$[0]"],
    ),
    ("currency", [True, False, ["EUR"]]),
    (
        "payment_date",
        [
            "2026-13-01",
            "2026-02-30",
            "02-01-2026",
            "2026-01-02T",
            "2026-01-02 noon",
            20260102,
            True,
            {"a": 1},
        ],
    ),
    ("external_id", [False, {"a": 1}]),
    ("source", [True]),
    ("voided_date", ["never", True]),
    (
        "created_at",
        [
            " ",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "0001-01-01T00:00:00+14:00",
            1767323045,
            {"a": 1},
        ],
    ),
    ("last_modified_at", ["2026-01-02T03:04:05", "9999-12-31T23:59:59-14:00", "yesterday", 1.5]),
]
NOTIFY_FAULTS: list[tuple[str, list[object]]] = [
    ("id", [None, 1, True, [], {}, "", b"NaN"]),
    ("amount", [None, True, [], {}, "", "NaN", "Infinity", "1,50", b"1e99999999999999999999"]),
    (
        "date",
        [
            " ",
            "2021-01-02",
            "02/01/2021",
            "32-01-2021",
            "29-02-2021",
            "1-01-20210",
            " 1-01-2021",
            "01-01-2_21",
            "\u0660\u0661-\u0660\u0661-2021",
            1,
        ],
    ),
    ("invoice", [None, "a0f0660d", 1, []]),
    ("invoice.id", [None, 1, ""]),
    ("invoice.number", [True, [1]]),
    ("invoice.invoiceTotal", ["", "NaN", b"NaN", True, []]),
    ("invoice.invoiceBalance", ["", "-Infinity", {}]),
    ("customer", ["36cf1c0d", [1], 7, True]),
    ("customer.id", [True]),
    ("customer.number", [b"NaN"]),
    ("customer.name", [{"a": 1}]),
]


def faults(reader: Reader[Payment], table: list[tuple[str, list[object]]]) -> list[Any]:
    """One case for each value of the table."""
    named = [
        (path, number, value)
        for place, (path, values) in enumerate(table)
        for number, value in enumerate(values, 100 * place)
    ]
    return [
        pytest.param(reader, path, value, id=f"{reader.path}-{path}-{number}")
        for path, number, value in named
    ]


@pytest.mark.parametrize(
    ("reader", "path", "value"), faults(CAMPFIRE, CAMPFIRE_FAULTS) + faults(NOTIFY, NOTIFY_FAULTS)
)
def test_wrong_field_is_malformed_at_its_path(
    reader: Reader[Payment], path: str, value: object
) -> None:
    """A field that is not what it must be raises with its own path, the number of its record, and the record's bytes."""
    record = with_field(good(reader), path, value)
    fault = fault_of(
        reader, page_of(reader, good(reader), good(reader), good(reader), record, good(reader))
    )
    assert f"{reader.path}[3].{path}" == fault.path
    assert record == fault.raw
    assert fault.not_json is False
    assert f"at {fault.path}." in str(fault)


@pytest.mark.parametrize(
    ("reader", "path"),
    [
        *[(CAMPFIRE, path) for path in ("id", "invoice_id", "amount")],
        *[(NOTIFY, path) for path in ("id", "amount", "invoice", "invoice.id")],
    ],
    ids=lambda value: value if isinstance(value, str) else value.path,
)
def test_missing_field_is_named(reader: Reader[Payment], path: str) -> None:
    """A record without what it is nothing without is malformed, and the path names what is missing."""
    outer, _, inner = path.partition(".")
    record = dict(good(reader))
    if inner:
        record[outer] = {name: value for name, value in record[outer].items() if name != inner}
    else:
        del record[outer]
    assert f"{reader.path}[0].{path}" == fault_of(reader, page_of(reader, record)).path


@READERS
def test_fields_that_are_null_or_missing_are_none(reader: Reader[Payment]) -> None:
    """Whatever a payment can do without may be null or absent."""
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
@pytest.mark.parametrize("record", [{}, None, 1, "text", [], True, 1.5])
def test_record_of_any_other_kind_is_malformed(reader: Reader[Payment], record: object) -> None:
    """An empty object, or any other JSON value, is a bad record and never dropped silently."""
    fault = fault_of(reader, page_of(reader, good(reader), record))
    assert fault.path.startswith(f"{reader.path}[1]")
    assert json.dumps(record).encode() == fault.raw


@READERS
def test_bad_records_are_set_aside_one_by_one(reader: Reader[Payment]) -> None:
    """Where they may be set aside, each is given once, in order, with its place in the whole page, and the good ones come out."""
    bad: list[object] = [{}, None, with_field(good(reader), "amount", "NaN")]
    records = [good(reader), bad[0], good(reader), bad[1], bad[2]]
    parts = [
        record if isinstance(record, bytes) else json.dumps(record).encode() for record in records
    ]
    faults_found: list[MalformedResponseError] = []
    page = RawPage(parts, None, None)
    assert try_decode(reader, parts) is None
    rows = list(decode_one_by_one(reader, page, faults_found.append))
    assert [parts[0], None, parts[2], None, None] == [row and row.raw for row in rows]
    assert [f"{reader.path}[{place}]" for place in (1, 3, 4)] == [
        fault.path.partition("]")[0] + "]" for fault in faults_found
    ]
    assert [parts[1], parts[3], parts[4]] == [fault.raw for fault in faults_found]


@READERS
def test_first_bad_record_ends_the_reading(reader: Reader[Payment]) -> None:
    """Without a place to set them aside, the first bad record raises, whatever comes after."""
    assert f"{reader.path}[1]" == fault_of(reader, page_of(reader, good(reader), None, {})).path


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
    """A page without its list of records is JSON, but not what it must be: it is not asked for again."""
    name = reader.path.removeprefix("$.")
    fault = fault_of(reader, body.replace(b"{name}", name.encode()))
    assert (path.replace("{name}", name), False) == (fault.path, fault.not_json)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"payments":[],"links":"none"}', "$.links"),
        (b'{"payments":[],"links":{"next":"x"}}', "$.links.next"),
        (b'{"payments":[],"links":{"next":{"href":1}}}', "$.links.next.href"),
        (b'{"payments":[],"links":{"next":{"href":NaN}}}', "$.links.next.href"),
        (b'{"payments":[],"links":[{"next":null}]}', "$.links"),
        (b'{"payments":[],"links":NaN}', "$.links"),
    ],
)
def test_wrong_link_of_notify_is_malformed(body: bytes, path: str) -> None:
    """A link that is no link does not pass for the end of a listing."""
    assert path == fault_of(NOTIFY, body).path


@pytest.mark.parametrize(
    "link", [b"5", b"0", b"true", b"NaN", b'["?cursor=a"]', b'{"href":"?cursor=a"}']
)
def test_wrong_link_of_campfire_is_malformed(link: bytes) -> None:
    """A link that is no text does not pass for the end of a listing."""
    assert "$.next" == fault_of(CAMPFIRE, b'{"results":[],"next":%b}' % link).path


@pytest.mark.parametrize(
    "link", [b"null", b'""', b"false", b"[]", b"{}", b'"?cursor=a","next":null']
)
def test_whatever_says_that_there_is_no_link_ends_a_listing(link: bytes) -> None:
    """An empty value in another shape is no link; of a key that comes twice the last one counts."""
    assert CAMPFIRE.split(b'{"results":[],"next":%b}' % link).link is None


@READERS
@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (b"5", 5),
        (b"-3", -3),
        (b'"1"', 1),
        (b"1.0", 1),
        (b'"12.00"', 12),
        (b"null", None),
        (b"1.5", None),
        (b"true", None),
        (b"[]", None),
        (b'{"of":1}', None),
        (b'"many"', None),
        (b"1e400", None),
        (b"9" * 5000, None),
        (b"NaN", None),
        (b"-Infinity", None),
        (b'1,"count":2', 2),
    ],
)
def test_count_is_only_for_information(
    reader: Reader[Payment], count: bytes, expected: int | None
) -> None:
    """A count that is no number is as good as none."""
    page = open_page(
        reader, b'{"%b":[],"count":%b}' % (reader.path.removeprefix("$.").encode(), count)
    )
    assert ([], None, expected) == (page.records, page.link, page.reported_count)


NOT_JSON = [
    b"",
    b" ",
    b"<html>502 Bad Gateway</html>",
    b"{",
    b'{"results":[',
    b"NaN",
    b'{"results":[],"next":"\xff"}',
    b"\xff\xfe{",
]


@pytest.mark.parametrize("body", NOT_JSON)
def test_no_json_is_said_to_be_none(body: bytes) -> None:
    """A body that is not JSON at all may be a broken transfer, and the error shows how it begins."""
    fault = fault_of(CAMPFIRE, body)
    assert ("$", True, body) == (fault.path, fault.not_json, fault.raw)
    assert "is not JSON" in str(fault)


def test_only_the_beginning_of_a_body_is_kept() -> None:
    """An error does not hold megabytes."""
    assert b"x" * 200 == fault_of(CAMPFIRE, b"x" * 10_000).raw


@READERS
def test_page_cut_off_anywhere_is_malformed(reader: Reader[Payment]) -> None:
    """A page that is cut off anywhere is not JSON, and none of its records are read."""
    body = page_of(
        reader, good(reader), good(reader) | {"more": {"é": ["\u20ac", -1.5e3, True, None]}}
    )
    assert 2 == len(payments_in(reader, body))
    for length in range(len(body)):
        assert fault_of(reader, body[:length]).not_json is True


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "mark_invoice_paid_request"])
def test_sample_cut_off_anywhere_is_malformed(name: str) -> None:
    """Wherever an answer of the documents breaks off, it is not JSON."""
    read: Callable[[bytes], object] = {
        "list_invoice_payments": CAMPFIRE.split,
        "list_payments": NOTIFY.split,
        "retrieve_invoice": read_invoice,
    }.get(name, read_paid)
    body = SAMPLES[name].strip()
    assert decode_or_raise(read, body)
    for length in range(0, len(body), 7):
        with pytest.raises(MalformedResponseError) as caught:
            decode_or_raise(read, body[:length])
        assert caught.value.not_json is True


@READERS
@pytest.mark.parametrize(
    "deep",
    [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000],
)
def test_deep_nesting_is_malformed(reader: Reader[Payment], deep: bytes) -> None:
    """A body that is nested without end does not end the process, nor raise anything else."""
    for body in (
        deep,
        page_of(reader, deep),
        page_of(reader, with_field(good(reader), "amount", deep)),
    ):
        assert fault_of(reader, body).path.startswith("$")


@READERS
def test_half_of_a_surrogate_pair_is_malformed(reader: Reader[Payment]) -> None:
    """A text that UTF-8 cannot say is not passed on, and only its own record is bad, wherever in it the text stands."""
    for field, sent, at in [
        ("id", rb'"\ud800"', ".id"),
        ("unknown", rb'"\\\uDEad\ud83d\ude00 \uFfFd"', ".unknown"),
        ("unknown", rb'{"a":[1,"\ud83d"]}', ".unknown.a[1]"),
        ("unknown", rb'[{"\udc00":1}]', ".unknown[0]"),
    ]:
        found: list[MalformedResponseError] = []
        bad, fine = (
            with_field(good(reader), field, sent),
            with_field(good(reader), "memo", rb'"\\ud800\ud83d\ude00"'),
        )
        read = payments_in(reader, page_of(reader, fine, bad, fine), found.append)
        assert ["\\ud800😀"] * 2 == [payment.raw["memo"] for payment in read]
        assert [(f"{reader.path}[1]{at}", bad, False)] == [
            (fault.path, fault.raw, fault.not_json) for fault in found
        ]


@READERS
def test_half_of_a_surrogate_pair_beside_the_records(reader: Reader[Payment]) -> None:
    """In the envelope, where it may be the link, it makes the page malformed; and so does all else that is not JSON."""
    page = page_of(reader, good(reader))
    fault = fault_of(reader, page[:-1] + rb',"next":"\ud800"}')
    assert ("$.next", False) == (fault.path, fault.not_json)
    fault = fault_of(reader, page_of(reader, with_field(good(reader), "id", rb'"\ud800"'))[:-1])
    assert ("$", True) == (fault.path, fault.not_json)


@READERS
@pytest.mark.parametrize("field", ["id", "amount", "unknown"])
def test_broken_utf8_is_malformed_in_its_record(reader: Reader[Payment], field: str) -> None:
    """Bytes that are no UTF-8 are found also in fields that nobody reads, and only their own record is bad."""
    found: list[MalformedResponseError] = []
    broken = with_field(good(reader), field, b'"\xff"')
    assert 2 == len(
        payments_in(reader, page_of(reader, good(reader), broken, good(reader)), found.append)
    )
    assert [broken] == [fault.raw for fault in found]
    assert found[0].path.startswith(f"{reader.path}[1]")


@READERS
def test_text_of_any_language_is_kept(reader: Reader[Payment]) -> None:
    """UTF-8 outside of ASCII is no fault, and comes out in raw."""
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
    """A field that is sent twice is read as Python's own json reads it, in the payment and in raw alike."""
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
    """A number or a plain decimal text becomes a Decimal of exactly its digits, however many there are."""
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
    """JSON of nearly the right shape gives payments or MalformedResponseError, and nothing else; what is read can be used."""
    read_everything(json.dumps(value).encode())


@settings(max_examples=250)
@given(
    st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode(errors="replace"))
)
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    """Bytes of any kind, alone or as a record, give payments or MalformedResponseError, and nothing else."""
    read_everything(body)
    read_everything(page_of(CAMPFIRE, body))
    read_everything(page_of(NOTIFY, body))


def read_everything(body: bytes) -> None:
    """Read *body* as every answer that there is."""
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
    """Records are joined untouched."""
    assert b'[{"a" : 1.0},null]' == as_array([b'{"a" : 1.0}', b"null"])
    assert b"[]" == as_array([])


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (Decimal("1.50"), "1.50"),
        (7, "7"),
        (10**30, str(10**30)),
        ("1.5", "1.5"),
        ("-1E+2", "-1E+2"),
    ],
    ids=str,
)
def test_exact_amount_of_what_was_sent(sent: object, expected: str) -> None:
    """A number or a plain text is the Decimal of its digits."""
    assert expected == str(exact_amount(sent, "$.amount"))


@pytest.mark.parametrize(
    "sent", [True, None, 1.5, [], {}, "", "NaN", "1_0", "1e99999999999999999999"], ids=repr
)
def test_inexact_amount_is_refused_at_its_path(sent: object) -> None:
    """Anything else is refused, and the message names the path and what was found."""
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.lines\[2\]\.rate`"):
        exact_amount(sent, "$.lines[2].rate")


def test_moments_come_out_in_utc() -> None:
    """A time of another zone is the same moment in UTC; one that no UTC calendar has is refused."""
    zone = timezone(timedelta(hours=2))
    moment = in_utc(datetime(2026, 1, 2, 3, 4, 5, tzinfo=zone), "$.created_at")
    assert (datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC), UTC) == (moment, moment.tzinfo)
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.created_at`"):
        in_utc(datetime(1, 1, 1, tzinfo=zone), "$.created_at")


def test_a_record_that_is_not_json_has_no_time() -> None:
    """When a record was modified cannot be told if it is not JSON."""
    assert modified_at(CAMPFIRE, b"{") is None


def test_batches_of_large_records_end_with_the_last_one() -> None:
    """Large records come in smaller batches, and none of them is empty."""
    large = [b'"%s"' % (b"x" * 70_000)] * 4

    assert [large[:2], large[2:]] == list(batches(large))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            b'{"last_modified_at": "2026-01-05T10:00:01Z", "created_at": "2026-01-01T00:00:01Z"}',
            datetime(2026, 1, 5, 10, tzinfo=UTC),
        ),
        (
            b'{"last_modified_at": "soon", "created_at": "2026-01-01T01:00:01+0100"}',
            datetime(2026, 1, 1, tzinfo=UTC),
        ),
        (
            b'{"last_modified_at": "2026-01-05T10:00:01Z", "name": "\xff"}',
            datetime(2026, 1, 5, 10, tzinfo=UTC),
        ),
        (b'{"last_modified_at": "2026-01-05T10:00:01"}', None),
        (b'{"last_modified_at": "0001-01-01T00:00:00Z"}', None),
        (b'{"last_modified_at": 7}', None),
        (b"{}", None),
        (b"[]", None),
        (b"{", None),
        (b"[" * 100_000, None),
    ],
)
def test_finds_the_time_of_a_malformed_record(record: bytes, expected: datetime | None) -> None:
    """The time is one second early, and else the time of creation."""
    assert expected == modified_at(CAMPFIRE, record)


def test_reader_without_times() -> None:
    """Notify sends no times."""
    assert modified_at(make_reader(None), b'{"last_modified_at": "2026-01-05T10:00:01Z"}') is None


HUGE = b"7" * 5000


@pytest.mark.parametrize(
    ("reader", "body", "path"),
    [
        (CAMPFIRE, b'{"results":[],"next":1e400}', "$.next"),
        (CAMPFIRE, b'{"results":[],"next":%b}' % HUGE, "$.next"),
        (CAMPFIRE, b'{"results":[],"error":{"code":%b}}' % HUGE, "$.error"),
        (NOTIFY, b'{"payments":[],"links":1e400}', "$.links"),
        (NOTIFY, b'{"payments":[],"links":{"next":1e400}}', "$.links.next"),
        (NOTIFY, b'{"payments":[],"links":{"next":{"href":1e400}}}', "$.links.next.href"),
        (NOTIFY, b'{"payments":[],"errors":[%b]}' % HUGE, "$.errors"),
    ],
    ids=lambda value: value.path if hasattr(value, "path") else str(value)[:60],
)
def test_number_out_of_range_in_the_envelope_has_its_path(
    reader: Reader[Payment], body: bytes, path: str
) -> None:
    """The error names the field of the envelope that has the number."""
    with pytest.raises(MalformedResponseError) as raised:
        open_page(reader, body)
    assert path == raised.value.path
