"""Bodies in other encodings than JSON's own."""

from __future__ import annotations

import pytest

from paysdk.transport.charset import convert_to_utf8
from paysdk.transport.messages import Response

TEXT = '{"name": "Müller"}'


def body_of(body: bytes, content_type: str | None = None) -> bytes:
    """What is read of a body that is sent with this content type."""
    return convert_to_utf8(
        Response(200, {} if content_type is None else {"content-type": content_type}, body)
    ).body


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize(
    "content_type", [None, "application/json", "application/json; charset=iso-8859-1"]
)
def test_byte_order_mark_says_the_encoding(encoding: str, content_type: str | None) -> None:
    """A mark is skipped, and counts more than what is declared."""
    assert TEXT.encode() == body_of(TEXT.encode(encoding), content_type)


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("iso-8859-1", "application/json; charset=iso-8859-1"),
        ("cp1252", 'application/json;CHARSET="Windows-1252"'),
        ("utf-16-le", "application/json; version=1; charset = utf-16le; x=y"),
        ("utf-8", "application/json; charset=utf-8"),
        ("utf-8", "application/json"),
    ],
)
def test_declared_charset_is_heeded(encoding: str, content_type: str) -> None:
    """The body is read in the charset that the response declares."""
    assert TEXT.encode() == body_of(TEXT.encode(encoding), content_type)


@pytest.mark.parametrize(
    "charset",
    [
        "",
        "klingon",
        "zlib",
        "hex",
        "punycode",
        "idna",
        "unicode_escape",
        "utf-16",
        "us-ascii",
        "a\x00b",
        "undefined",
    ],
)
def test_charset_that_cannot_be_right_is_ignored(charset: str) -> None:
    """A body that is not in the declared charset, or whose charset is none, stays as it is."""
    assert TEXT.encode()[:-1] == body_of(TEXT.encode()[:-1], f"application/json; charset={charset}")


def test_broken_body_keeps_its_bytes() -> None:
    """Of what cannot be decoded only the mark is left out."""
    assert b"{\xff" == body_of(b"\xef\xbb\xbf{\xff")
    assert b"\xff\xfe{" == body_of(b"\xff\xfe{")
