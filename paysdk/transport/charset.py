"""The encoding of a response: pure.

JSON is UTF-8 without a byte order mark (RFC 8259, 8.1), and not every server keeps to that.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from paysdk.transport.messages import Response

__all__ = ["in_utf8"]

# Those of UTF-32 begin with those of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
# Python's own, which are encodings of something else than a document, and slow for long texts.
_NOT_FOR_DOCUMENTS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape"}


def in_utf8(response: Response) -> Response:
    """*response* with its body in UTF-8 and without a byte order mark.

    A mark counts more than the charset that the response declares. A body that is not in that
    charset stays as it is.
    """
    marked = next((name for mark, name in _MARKS if response.body.startswith(mark)), None)
    declared = _declared(response.headers.get("content-type", ""))
    if marked is None and declared in {None, "utf-8", "ascii"}:
        return response
    body = response.body.removeprefix(codecs.BOM_UTF8)
    try:
        text = response.body.decode(marked or declared or "utf-8").removeprefix("\ufeff")
        # A document begins with ASCII. One that turns into something else is not in UTF-16,
        # whatever the response says.
        if body[:1].isascii() and not text[:1].isascii():
            return attrs.evolve(response, body=body)
        body = text.encode()
    except (LookupError, ValueError):
        return attrs.evolve(response, body=body)
    headers = dict(response.headers)
    if declared is not None:
        headers["content-type"] = _CHARSET.sub("; charset=utf-8", headers["content-type"])
    return attrs.evolve(response, headers=headers, body=body)


def _declared(content_type: str) -> str | None:
    """The charset in a ``Content-Type``, by Python's name for it, if Python knows it."""
    if (found := _CHARSET.search(content_type)) is None:
        return None
    try:
        name = codecs.lookup(found[1]).name
    except (LookupError, ValueError):
        return None
    return None if name in _NOT_FOR_DOCUMENTS else name
