"""Pages with a lone surrogate, or with a number that JSON does not have."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysdk.records.page import open_page
from paysdk.records.stand_ins import hide_constants, make_decodable
from tests.records.reading import (
    CAMPFIRE,
    READERS,
    fault_of,
    good,
    page_of,
    payments_in,
    with_field,
)

if TYPE_CHECKING:
    from paysdk.errors import MalformedResponseError
    from paysdk.payment import Payment
    from paysdk.records.page import Reader


@READERS
def test_half_of_a_surrogate_pair_is_malformed(reader: Reader[Payment]) -> None:
    """A lone surrogate in a field that is read makes only its own record malformed."""
    for field, sent, at in [
        ("id", rb'"\ud800"', ".id"),
        ("amount", rb'"\\\uDEad\ud83d\ude00 \uFfFd"', ".amount"),
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
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (rb'"\ud800"', "\\ud800"),
        (rb'"\\\uDEad\ud83d\ude00 \uFfFd"', "\\\\uDEad😀 \ufffd"),
        (rb'{"a":[1,"\ud83d", NaN]}', {"a": [1, "\\ud83d", "NaN"]}),
        (rb'[{"\udc00":1.50}]', [{"\\udc00": Decimal("1.50")}]),
    ],
)
def test_half_of_a_surrogate_pair_in_another_field(
    reader: Reader[Payment], sent: bytes, expected: object
) -> None:
    """Half of a pair in a field that is not read spoils nothing: ``raw`` has its escape as text."""
    record = with_field(good(reader), "unknown", sent)
    read = payments_in(reader, page_of(reader, good(reader), record))
    assert [expected] == [payment.raw["unknown"] for payment in read[1:]]


@READERS
def test_half_of_a_surrogate_pair_beside_the_records(reader: Reader[Payment]) -> None:
    """Half of a pair makes the page malformed if it is in the link, and nowhere else around it."""
    page = page_of(reader, good(reader))
    link, path = rb'"next":"?cursor=\ud800"', "$.next"
    other = rb'"links":{"next":{"href":"?from=\ud800"}}'
    if reader is not CAMPFIRE:
        link, path, other = other, "$.links.next.href", link
    fault = fault_of(reader, page[:-1] + b"," + link + b"}")
    assert (path, False) == (fault.path, fault.not_json)
    for beside in (other, rb'"message":"\ud800"', rb'"\udc00":[1]', rb'"count":"\ud800"'):
        assert 1 == len(payments_in(reader, page[:-1] + b"," + beside + b"}"))
    fault = fault_of(reader, page_of(reader, with_field(good(reader), "id", rb'"\ud800"'))[:-1])
    assert ("$", True) == (fault.path, fault.not_json)


def test_records_that_look_alike_with_stand_ins() -> None:
    """Each record keeps its own bytes, also if another one becomes the same."""
    records = [b'{"id": 0e0}', b'{"id": NaN}', b'{"id": 0e0}']
    page = open_page(CAMPFIRE, page_of(CAMPFIRE, *records))
    assert records == [bytes(record) for record in page.records]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["NaN", '"NaN', "\\Infinity", "-Infinity"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(json_values)
def test_constants_are_found_outside_of_texts_only(value: object) -> None:
    """A stand-in makes JSON of a constant, and a hidden one has the same length."""
    sent = json.dumps(value).encode()
    hidden, quoted = hide_constants(sent), make_decodable(sent)
    assert len(sent) == len(hidden)
    msgspec.json.decode(hidden)
    assert json.loads(sent, parse_constant=str) == json.loads(quoted)
