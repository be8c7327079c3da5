"""The link, the count and the errors of an envelope, in the forms that they may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.errors import MalformedResponseError
from paysdk.records.page import open_page
from tests.records.reading import CAMPFIRE, NOTIFY, READERS, fault_of

if TYPE_CHECKING:
    from paysdk.payment import Payment
    from paysdk.records.page import Reader


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
    """A link of another shape does not end the listing."""
    assert path == fault_of(NOTIFY, body).path


@pytest.mark.parametrize(
    "link", [b"5", b"0", b"true", b"NaN", b'["?cursor=a"]', b'{"href":"?cursor=a"}']
)
def test_wrong_link_of_campfire_is_malformed(link: bytes) -> None:
    """A link that is not a text does not end the listing."""
    assert "$.next" == fault_of(CAMPFIRE, b'{"results":[],"next":%b}' % link).path


def test_wrong_link_says_what_it_is() -> None:
    """The error has the type that was expected, and the one that was sent."""
    error = fault_of(CAMPFIRE, b'{"results":[],"next":5}')
    assert "Expected `str | null`, got `int`" in str(error)
    error = fault_of(NOTIFY, b'{"payments":[],"links":"none"}')
    assert "Expected `object | null`, got `str`" in str(error)


@pytest.mark.parametrize(
    "link", [b"null", b'""', b"false", b"[]", b"{}", b'"?cursor=a","next":null']
)
def test_whatever_says_that_there_is_no_link_ends_a_listing(link: bytes) -> None:
    """An empty value means the last page, and the last value of a repeated key counts."""
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
    """A count that is not a number counts as a missing one."""
    page = open_page(
        reader, b'{"%b":[],"count":%b}' % (reader.path.removeprefix("$.").encode(), count)
    )
    assert ([], None, expected) == (page.records, page.link, page.reported_count)


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
    assert "out of range" in str(raised.value)
