"""JSON that msgspec refuses as a whole, made readable by stand-ins of the same length: pure.

A lone surrogate is valid JSON (RFC 8259, 8.2), but UTF-8 cannot encode it. NaN, Infinity
and -Infinity are not JSON, but Python's json module writes them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs
import msgspec

from paysdk.records.malformed import UNREADABLE, malformed_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.records.page import RawPage

__all__ = ["hide_constants", "make_decodable", "open_with_stand_ins"]

# The pattern matches every escape, so that the text after an escaped backslash does not look like
# an escape. Its group is half of a pair.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_HALF = rb"\uFfFd"
_LINK_HALF = "\ufffd"
# The pattern matches every text, so that no constant is found inside one.
_CONSTANT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|(-?Infinity|NaN)', re.DOTALL)


def open_with_stand_ins(
    split: Callable[[bytes], RawPage], body: bytes, error: Exception
) -> RawPage:
    """Open a page that *split* refused with *error*. The records stay as they were sent.

    Raises ``MalformedResponseError`` if stand-ins do not help, or if one would be in the link.
    """
    whole = body
    if type(error) is msgspec.DecodeError:
        whole = _ESCAPE.sub(lambda escape: _HALF if escape[1] else escape[0], body)
    whole = hide_constants(whole)
    if whole == body:
        raise malformed_error(error, "$", body)
    try:
        page = split(whole)
    except UNREADABLE as still:
        found = malformed_error(still, "$", body)
        raise (malformed_error(error, "$", body) if found.path == "$" else found) from None
    records: list[bytes] = []
    end = 0
    for record in map(bytes, page.records):
        start = whole.index(record, end)
        end = start + len(record)
        records.append(body[start:end])
    if page.link is not None and _LINK_HALF in page.link and _HALF in whole:
        raise malformed_error(error, "$", body)
    return attrs.evolve(page, records=records)


def hide_constants(body: bytes) -> bytes:
    """*body* with a number of the same length instead of each NaN and Infinity.

    Do not use the number: an envelope never takes a link or a count from it.
    """
    return _replace_constants(body, lambda constant: b"0e".ljust(len(constant), b"0"))


def make_decodable(record: bytes) -> bytes:
    """*record* with each NaN and Infinity as a text, and each half of a pair as text, too.

    So it is JSON that every decoder reads, and shows what was sent: ``"NaN"``, or the text of the
    escape of the half.
    """
    record = _replace_constants(record, lambda constant: b'"%b"' % constant)
    return _ESCAPE.sub(lambda escape: rb"\\%b" % escape[1] if escape[1] else escape[0], record)


def _replace_constants(sent: bytes, stand_in: Callable[[bytes], bytes]) -> bytes:
    if b"NaN" not in sent and b"Infinity" not in sent:
        return sent
    return _CONSTANT.sub(lambda found: stand_in(found[1]) if found[1] else found[0], sent)
