"""Malformed records: the error of each, its path, and the records around it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from paysdk.errors import MalformedResponseError
from paysdk.providers.campfire.invoices.normalise import read_invoice, read_paid
from paysdk.providers.notify.normalise import make_reader
from paysdk.records.malformed import (
    decode_one_by_one,
    decode_or_raise,
    lone_surrogate_path,
    malformed_error,
    modified_at,
    read_id,
)
from paysdk.records.page import RawPage, try_decode
from tests.records.reading import (
    CAMPFIRE,
    NOTIFY,
    READERS,
    SAMPLES,
    fault_of,
    good,
    page_of,
    payments_in,
    with_field,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.payment import Payment
    from paysdk.records.page import Reader

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
    """Make a case of each value in *table*."""
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
    """A bad field raises an error with its path and the bytes of its record."""
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
    """A record without a required field is malformed, and the path names the field."""
    outer, _, inner = path.partition(".")
    record = dict(good(reader))
    if inner:
        record[outer] = {name: value for name, value in record[outer].items() if name != inner}
    else:
        del record[outer]
    assert f"{reader.path}[0].{path}" == fault_of(reader, page_of(reader, record)).path


@READERS
@pytest.mark.parametrize("record", [{}, None, 1, "text", [], True, 1.5])
def test_record_of_any_other_kind_is_malformed(reader: Reader[Payment], record: object) -> None:
    """An empty object, or any other JSON value, is a malformed record and never dropped."""
    fault = fault_of(reader, page_of(reader, good(reader), record))
    assert fault.path.startswith(f"{reader.path}[1]")
    assert json.dumps(record).encode() == fault.raw


@READERS
def test_bad_records_are_set_aside_one_by_one(reader: Reader[Payment]) -> None:
    """Each malformed record is set aside once, in order, and the good ones are read."""
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
    """If records must not be set aside, the first malformed one raises."""
    assert f"{reader.path}[1]" == fault_of(reader, page_of(reader, good(reader), None, {})).path


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
    """A body may be cut off, so the error says that it is not JSON and how it begins."""
    fault = fault_of(CAMPFIRE, body)
    assert ("$", True, body) == (fault.path, fault.not_json, fault.raw)
    assert "is not JSON" in str(fault)


def test_only_the_beginning_of_a_body_is_kept() -> None:
    """An error about a page holds only the beginning of it."""
    assert b"x" * 200 == fault_of(CAMPFIRE, b"x" * 10_000).raw


@READERS
def test_page_cut_off_anywhere_is_malformed(reader: Reader[Payment]) -> None:
    """A page that is cut off anywhere is not JSON, and no record of it is read."""
    body = page_of(
        reader, good(reader), good(reader) | {"more": {"é": ["\u20ac", -1.5e3, True, None]}}
    )
    assert 2 == len(payments_in(reader, body))
    for length in range(len(body)):
        assert fault_of(reader, body[:length]).not_json is True


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "mark_invoice_paid_request"])
def test_sample_cut_off_anywhere_is_malformed(name: str) -> None:
    """A sample of the documents that is cut off anywhere is not JSON."""
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
    """A body that is nested too deeply raises MalformedResponseError."""
    for body in (
        deep,
        page_of(reader, deep),
        page_of(reader, with_field(good(reader), "amount", deep)),
    ):
        assert fault_of(reader, body).path.startswith("$")


@READERS
@pytest.mark.parametrize("field", ["id", "amount", "unknown"])
def test_broken_utf8_is_malformed_in_its_record(reader: Reader[Payment], field: str) -> None:
    """Bytes that are not UTF-8 make only their own record malformed, also in an unused field."""
    found: list[MalformedResponseError] = []
    broken = with_field(good(reader), field, b'"\xff"')
    assert 2 == len(
        payments_in(reader, page_of(reader, good(reader), broken, good(reader)), found.append)
    )
    assert [broken] == [fault.raw for fault in found]
    assert found[0].path.startswith(f"{reader.path}[1]")


def test_a_record_that_is_not_json_has_no_time() -> None:
    """The time of a record that is not JSON is unknown."""
    assert modified_at(CAMPFIRE, b"{") is None


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
    """The time is that of the last change or else of the creation, a second early."""
    assert expected == modified_at(CAMPFIRE, record)


def test_time_of_a_malformed_record_is_in_utc() -> None:
    """The time is in UTC, whatever zone it was sent in."""
    found = modified_at(CAMPFIRE, b'{"created_at": "2026-01-01T01:00:01+01:00"}')
    assert UTC is (found and found.tzinfo)


def test_reader_that_says_nothing_of_its_fields() -> None:
    """A reader need not say which fields have the times and the id."""
    reader: Any = object()
    record = b'{"id": 1, "created_at": "2026-01-01T00:00:01Z"}'
    assert (None, None) == (modified_at(reader, record), read_id(reader, record))


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ('{"a": "\u00e9\u91d1\U0001f600"}', None),
        (r'{"a": [7, "\ud7ff\ue000"]}', None),
        (r'{"a": [7, "\ud800"]}', "$.a[1]"),
        (r'{"a": "\udfff"}', "$.a"),
        (r'{"a": {"\ud800": 7}}', "$.a"),
    ],
)
def test_path_of_half_of_a_surrogate_pair(raw: str, path: str | None) -> None:
    """Only half of a pair has a path, and not any other character."""
    assert path == lone_surrogate_path(raw.encode())


@pytest.mark.parametrize(
    ("error", "raw", "message", "quoted"),
    [
        (
            msgspec.DecodeError("JSON is malformed"),
            b"x",
            "The response is not JSON: JSON is malformed, at $. It begins with b'x'.",
            ("JSON is malformed", "b'x'"),
        ),
        (
            msgspec.ValidationError("Object missing required field `id` - at `$.a`"),
            b"{}",
            "The response cannot be read: Object missing required field `id`, at $.a.id.",
            (),
        ),
        (
            msgspec.ValidationError("Expected `int` - at `$.a`"),
            rb'{"a": "x", "b": "\ud800"}',
            "The response cannot be read: Expected `int`, at $.a.",
            ("Expected `int`",),
        ),
        (
            msgspec.DecodeError("Invalid escape"),
            rb'{"x": "\ud800"}',
            "Lone surrogate, which UTF-8 cannot encode, at $.x.",
            ("Lone surrogate, which UTF-8 cannot encode", "$.x"),
        ),
        (
            RecursionError("maximum recursion depth exceeded"),
            b"[[",
            "The response cannot be read: nested too deeply, at $.",
            ("nested too deeply",),
        ),
    ],
    ids=["not JSON", "missing", "wrong type", "half of a pair", "too deep"],
)
def test_message_and_what_of_it_came_from_outside(
    error: Exception, raw: bytes, message: str, quoted: tuple[str, ...]
) -> None:
    """The message has the decoder's words and the path, and notes which words may quote a body."""
    fault = malformed_error(error, "$", raw)
    assert str(fault).endswith(message)
    assert quoted == fault.quoted


def test_record_that_is_not_json_has_the_words_of_the_first_reading() -> None:
    """If a record cannot be read liberally either, the error is the decoder's."""
    with pytest.raises(MalformedResponseError, match="JSON is malformed") as raised:
        list(decode_one_by_one(CAMPFIRE, RawPage([b"{"], None, None), None))
    assert "$.results[0]" == raised.value.path


def test_reader_need_not_read_liberally() -> None:
    """A reader without a liberal reading gives the error of the strict one."""
    decode = msgspec.json.Decoder(list[int]).decode
    reader: Any = SimpleNamespace(path="$", rows=lambda records: decode(records[0]))
    with pytest.raises(MalformedResponseError, match="Expected `array`, got `str`"):
        list(decode_one_by_one(reader, RawPage([b'"x"'], None, None), None))


def test_reader_without_times() -> None:
    """The time of Notify's records is unknown, because Notify sends none."""
    assert modified_at(make_reader(None), b'{"last_modified_at": "2026-01-05T10:00:01Z"}') is None


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (b'{"id": "p1", "amount": "?"}', "p1"),
        (b'{"id": 1, "amount": "?"}', 1),
        (b'{"id": 0}', 0),
        (b'{"id": ""}', None),
        (b'{"id": true}', None),
        (b'{"id": 1.0}', None),
        (b"{}", None),
        (b"[1]", None),
        (b"{", None),
    ],
)
def test_id_of_a_malformed_record(record: bytes, expected: object) -> None:
    """An id is a text that is not empty, or a whole number."""
    assert expected == read_id(CAMPFIRE, record)
