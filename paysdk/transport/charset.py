"""Converts the body of a response to UTF-8. Pure.

JSON must be UTF-8 without a byte order mark (RFC 8259, 8.1), but some servers send it otherwise.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from paysdk.transport.messages import RawResponse

__all__ = ["convert_to_utf8"]

# The marks of UTF-32 come first, because they begin with the marks of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# JSON begins with an ASCII character, and has no zero bytes in UTF-8. So zero bytes among the
# first four show another encoding (RFC 4627, 3).
_ZERO_BYTES = (
    (re.compile(rb"\0\0\0[^\0]"), "utf-32-be"),
    (re.compile(rb"[^\0]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0[^\0]"), "utf-16-be"),
    (re.compile(rb"[^\0]\0"), "utf-16-le"),
)
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
# Encodings of Python that no document uses. They are slow for long texts.
_NOT_FOR_DOCUMENTS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape"}


def convert_to_utf8(response: RawResponse) -> RawResponse:
    """Return *response* with its body in UTF-8 and without a byte order mark.

    What the first bytes show takes precedence over the charset that the response declares. If the
    body cannot be decoded, only a byte order mark of UTF-8 is removed.
    """
    declared = _parse_charset(response.headers.get("content-type", ""))
    encoding = _read_first_bytes(response.body) or declared
    if encoding is None or encoding in {"utf-8", "ascii"}:
        return response
    try:
        text = response.body.decode(encoding)
        body = text.encode()
    except (LookupError, ValueError):
        return attrs.evolve(response, body=response.body.removeprefix(codecs.BOM_UTF8))
    # A document begins with an ASCII character. If decoding gives another one, the declared charset
    # is wrong.
    if response.body[:1].isascii() and not text[:1].isascii():
        return response
    headers = dict(response.headers)
    if declared is not None:
        headers["content-type"] = _CHARSET.sub("; charset=utf-8", headers["content-type"])
    return attrs.evolve(response, headers=headers, body=body)


def _read_first_bytes(body: bytes) -> str | None:
    """Return Python's name for the encoding that the first bytes of *body* show, if they do."""
    marks = (name for mark, name in _BYTE_ORDER_MARKS if body.startswith(mark))
    zeros = (name for pattern, name in _ZERO_BYTES if pattern.match(body))
    return next(marks, None) or next(zeros, None)


def _parse_charset(content_type: str) -> str | None:
    """Return Python's name for the charset in a ``Content-Type``, or ``None`` if it is unknown."""
    if (found := _CHARSET.search(content_type)) is None:
        return None
    try:
        name = codecs.lookup(found[1]).name
    except (LookupError, ValueError):
        return None
    return None if name in _NOT_FOR_DOCUMENTS else name
