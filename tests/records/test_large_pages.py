"""Large pages of any look: each record comes out with its own bytes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import MalformedResponseError
from paysdk.providers.campfire.normalise import READER
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.records.malformed import decode_one_by_one
from paysdk.records.page import open_page, try_decode
from paysdk.testing import FaultPlan, wrong_body
from paysdk.transport.policy import RetryPolicy

AWKWARD = [
    '},{"',
    '"}]',
    '],"results":[',
    '\\"},{\\"id\\":1',
    "é\ud83d\ude00",
    "",
    "]}",
    '{"results":[',
]


def record(number: int, **more: object) -> dict[str, Any]:
    """A record that takes some hundred bytes."""
    return {
        "id": number,
        "invoice_id": number,
        "amount": f"{number}.10",
        "invoice_number": "INV-" + "0" * 60,
    } | more


def page(
    records: list[dict[str, Any]],
    *,
    tail: str = ',"next":"?cursor=b","count":7',
    separators: tuple[str, str] = (",", ":"),
) -> bytes:
    """A page with these records."""
    return (
        f'{{"previous":null,"results":{json.dumps(records, separators=separators)}{tail}}}'.encode()
    )


BROKEN = wrong_body(
    page([record(number) for number in range(300)], tail=',"next":null,"count":300').replace(
        b'},{"id":100', b'},<html>502</html>{"id":100'
    ),
    content_type="application/json",
)


def campfire(
    sandbox: CampfireSandbox,
    **settings: Any,  # noqa: ANN401  # what the constructor takes
) -> CampfireProvider:
    """A provider that tries three times without waiting."""
    return CampfireProvider(
        sandbox.api_key,
        base_url=sandbox.url,
        retry=RetryPolicy(attempts=3, wait_initial=0),
        **settings,
    )


def read(body: bytes) -> tuple[list[dict[str, Any]], str | None, int | None]:
    """The records of a page as they were sent, its link and its count, read in both ways."""
    raw = open_page(READER, body)
    one_by_one = [row.raw for row in decode_one_by_one(READER, raw, None)]
    together = try_decode(READER, [bytes(part) for part in raw.records])
    assert together is None or one_by_one == [row.raw for row in together]
    return [json.loads(each) for each in one_by_one], raw.link, raw.reported_count


@pytest.mark.parametrize(
    "body",
    [
        page([record(number) for number in range(200)], separators=(", ", ": ")),
        page([record(number, lines=[{"a": 1}, {"b": 2}] * 30) for number in range(100)]),
        page([record(number, note=AWKWARD[number % len(AWKWARD)]) for number in range(200)]),
        page(
            [record(number) for number in range(200)],
            tail=',"next":"?cursor=b","count":7,"others":[{"a":1},{"b":2}]',
        ),
        page(
            [record(number) for number in range(200)],
            tail=',"next":"?cursor=b","count":7,"others":{"results":[{"a":1}]}',
        ),
        page([record(number) for number in range(200)]).replace(b'}],"next"', b'} ],"next"'),
        page(
            [record(number) for number in range(200)],
            tail=',"next":"?cursor=b","count":7,"others":[{"a":1}]',
        ).replace(b'}],"next"', b'} ],"next"'),
        b'{"before":{"results":[{"a":1},{"b":2}]},'
        + page([record(number) for number in range(200)])[1:],
        b'{"before":"\\"results\\":[",' + page([record(number) for number in range(200)])[1:],
        b'{"results":[],' + page([record(number) for number in range(200)])[1:],
        b"  " + page([record(number) for number in range(200)]) + b"\n",
        b'{"results": [],"next":"?cursor=b","count":7,"\\"results":'
        + page([record(number) for number in range(200)], tail="")[27:],
    ],
    ids=[
        "spaces",
        "records with arrays of objects",
        "texts that look like borders",
        "another array behind it",
        "another of its name behind it",
        "a space before its end",
        "another array behind it, and a space before its end",
        "another of its name before it",
        "its name in a text before it",
        "its name twice",
        "space around it",
        "nearly its name, and no records",
    ],
)
def test_page_of_any_look_is_read_whole(body: bytes) -> None:
    """A page is split by the record, whatever its texts and its white space look like."""
    sent = json.loads(body)
    assert (sent["results"], "?cursor=b", 7) == read(body)


@pytest.mark.parametrize(
    "body",
    [
        page([record(number) for number in range(200)])[:-1],
        page([record(number) for number in range(200)]).replace(b'},{"id":100', b'},,{"id":100'),
        page([record(number) for number in range(200)]).replace(b'},{"id":100', b'}{"id":100'),
        page([record(number) for number in range(200)]).replace(b'},{"id":100', b'},{"id":100]'),
        page([record(number) for number in range(200)]).replace(
            b'{"previous":null,', b'{"previous":null,"x":"'
        ),
        page([record(number) for number in range(200)]) + b"}",
    ],
    ids=[
        "cut short",
        "two commas",
        "no comma",
        "a bracket too many",
        "a text without an end",
        "a brace too many",
    ],
)
def test_page_that_is_no_json_is_malformed(body: bytes) -> None:
    """A page that is not JSON is malformed."""
    with pytest.raises(ValueError, match=r"."):
        json.loads(body)
    with pytest.raises(MalformedResponseError, match="is not JSON"):
        read(body)


def test_fault_in_a_large_page_has_its_path() -> None:
    """The error of a malformed record has its number on the page, and the others are read."""
    records = [record(number) for number in range(200)]
    records[150] = record(150, amount="NaN")
    faults: list[MalformedResponseError] = []
    raw = open_page(READER, page(records))
    rows = list(decode_one_by_one(READER, raw, faults.append))
    assert ["$.results[150].amount"] == [fault.path for fault in faults]
    assert json.dumps(records[150], separators=(",", ":")).encode() == faults[0].raw
    assert [number for number in range(200) if number != 150] == [
        row.id for row in rows if row is not None
    ]


def test_half_of_a_pair_in_a_large_page_spoils_its_own_record() -> None:
    """Only the record that has a lone surrogate in a field that is read is malformed."""
    body = page([record(number) for number in range(200)]).replace(
        b'"id":9,', rb'"id":9,"source":"\ud800",'
    )
    raw = open_page(READER, body)
    assert try_decode(READER, [bytes(part) for part in raw.records]) is None
    faults: list[MalformedResponseError] = []
    assert 199 == sum(row is not None for row in decode_one_by_one(READER, raw, faults.append))
    assert ["$.results[9].source"] == [fault.path for fault in faults]


VALUES = st.recursive(
    st.sampled_from(AWKWARD[:4] + AWKWARD[5:]) | st.integers(-9, 9) | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "results", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=80)
@given(
    notes=st.lists(VALUES, min_size=1, max_size=8),
    before=VALUES,
    after=VALUES,
    compact=st.booleans(),
    hurt=st.none()
    | st.tuples(
        st.integers(0, 24_000), st.sampled_from([b'"', b"{", b"}", b"[", b"]", b",", b"\\", b""])
    ),
)
def test_pages_are_read_as_json_says(
    notes: list[object],
    before: object,
    after: object,
    compact: bool,
    hurt: tuple[int, bytes] | None,
) -> None:  # a drawn value
    """A page is read as Python's json reads it, also with a byte more or less."""
    records = [record(number, note=notes[number % len(notes)]) for number in range(160)]
    sent = {"before": before, "results": records, "after": after, "next": None}
    body = json.dumps(sent, separators=(",", ":") if compact else None).encode()
    if hurt is not None:
        body = body[: hurt[0]] + hurt[1] + body[hurt[0] + (not hurt[1]) :]
    try:
        expected = [msgspec.json.encode(each) for each in msgspec.json.decode(body)["results"]]
    except (msgspec.MsgspecError, KeyError, TypeError):
        expected = None
    try:
        found = [row.raw for row in decode_one_by_one(READER, open_page(READER, body), None)]
        together = try_decode(READER, [bytes(part) for part in open_page(READER, body).records])
    except MalformedResponseError:
        return  # it may be JSON, and yet no page of payments
    assert expected is not None
    assert expected == [msgspec.json.encode(msgspec.json.decode(each)) for each in found]
    assert together is None or found == [row.raw for row in together]


@pytest.mark.parametrize(
    "value", ["1e99999999999999999999", "9" * 5000, "[1]", "null", '{"a":[{}]}']
)
def test_keys_of_no_meaning_do_no_harm(value: str) -> None:
    """A record may contain fields of any name that paysdk uses for its own rows."""
    body = page([record(number) for number in range(10)]).replace(
        b'{"id"', b'{"raw":%b,"payment":%b,"id"' % ((value.encode(),) * 2)
    )
    rows = try_decode(READER, [bytes(part) for part in open_page(READER, body).records])
    assert rows is not None
    assert list(range(10)) == [row.id for row in rows]
    assert [b'{"raw":'] * 10 == [row.raw[:7] for row in rows]


@pytest.mark.parametrize(
    ("plan", "requests"), [(FaultPlan().first(1, BROKEN), 2), (FaultPlan().first(2, BROKEN), 3)]
)
async def test_large_answer_that_is_no_json_is_asked_for_again(
    plan: FaultPlan, requests: int
) -> None:
    """A large response that is not JSON is requested again, as a small one is."""
    async with CampfireSandbox(payments=300, faults=plan) as sandbox, campfire(sandbox) as provider:
        listing = provider.list_payments(page_size=1000)
        assert 300 == len(await listing.collect())
        assert (requests, requests) == (listing.report.requests, len(sandbox.requests))


async def test_large_answer_is_not_what_it_was_asked_for_again() -> None:
    """If the second response is a page, its malformed records are set aside."""
    records = [record(number) for number in range(300)]
    records[7]["amount"] = "NaN"
    better = wrong_body(page(records, tail=',"next":null'), content_type="application/json")
    aside: list[MalformedResponseError] = []
    plan = FaultPlan().on(1, BROKEN).on(2, better)
    async with (
        CampfireSandbox(faults=plan) as sandbox,
        campfire(sandbox, on_malformed=aside.append) as provider,
    ):
        assert 299 == len(await provider.list_payments(page_size=1000).collect())
    assert ["$.results[7].amount"] == [fault.path for fault in aside]


async def test_large_answer_that_is_no_json_again_and_again() -> None:
    """After the last attempt the error is raised, even if malformed records may be set aside."""
    aside: list[MalformedResponseError] = []
    async with (
        CampfireSandbox(faults=FaultPlan().always(BROKEN)) as sandbox,
        campfire(sandbox, on_malformed=aside.append) as provider,
    ):
        with pytest.raises(MalformedResponseError, match="is not JSON") as raised:
            await provider.list_payments(page_size=1000).collect()
    assert raised.value.not_json
    assert [] == aside
