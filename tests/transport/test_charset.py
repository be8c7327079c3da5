"""Tests of bodies in other encodings than UTF-8."""

from __future__ import annotations

import pytest

from paysdk.transport.charset import convert_to_utf8
from paysdk.transport.messages import RawResponse

TEXT = '{"name": "Müller"}'


def body_of(body: bytes, content_type: str | None = None) -> bytes:
    """Return the body as it is read, if it was sent with this content type."""
    return convert_to_utf8(
        RawResponse(200, {} if content_type is None else {"content-type": content_type}, body)
    ).body


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize(
    "content_type", [None, "application/json", "application/json; charset=iso-8859-1"]
)
def test_byte_order_mark(encoding: str, content_type: str | None) -> None:
    """A mark is removed, and takes precedence over the declared charset."""
    assert TEXT.encode() == body_of(TEXT.encode(encoding), content_type)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "content_type",
    [None, "application/json", "application/json; charset=utf-8", "text/json; charset=utf-16"],
)
@pytest.mark.parametrize("text", [TEXT, "[]", "\r\n[1]", '"é"', "1"])
def test_zero_bytes(encoding: str, content_type: str | None, text: str) -> None:
    """The zero bytes in its first characters show the encoding of JSON without a mark."""
    assert text.encode() == body_of(text.encode(encoding), content_type)


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
def test_declared_charset(encoding: str, content_type: str) -> None:
    """The body is decoded with the charset that the response declares."""
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
def test_wrong_charset(charset: str) -> None:
    """A body that is not in the declared charset does not change."""
    assert TEXT.encode()[:-1] == body_of(TEXT.encode()[:-1], f"application/json; charset={charset}")


def test_wrong_charset_of_a_short_text() -> None:
    """A body is not in the declared charset if it would begin with a character beyond ASCII."""
    assert '"é"'.encode() == body_of('"é"'.encode(), "application/json; charset=utf-16")


@pytest.mark.parametrize("declared", ["", "; charset=utf-8", "; charset=US-ASCII"])
def test_utf_8_is_not_converted(declared: str) -> None:
    """A response in UTF-8 stays the same object."""
    response = RawResponse(200, {"content-type": f"application/json{declared}"}, b"[]")
    assert response is convert_to_utf8(response)


@pytest.mark.parametrize("body", ["é".encode("latin-1"), b"\xef\xbb\xbf" + "é".encode()])
def test_header_says_utf_8_after_a_conversion(body: bytes) -> None:
    """The status and the other headers stay, and so do the other words of the content type."""
    headers = {"content-type": "text/html; charset=iso-8859-1; x=y", "x-page": "7"}
    expected = {"content-type": "text/html; charset=utf-8; x=y", "x-page": "7"}
    assert RawResponse(404, expected, "é".encode()) == convert_to_utf8(
        RawResponse(404, headers, body)
    )


def test_broken_body() -> None:
    """A body that cannot be decoded loses only its mark."""
    assert b"{\xff" == body_of(b"\xef\xbb\xbf{\xff")
    assert b"\xff\xfe{" == body_of(b"\xff\xfe{")
    assert b"{\0a" == body_of(b"{\0a")
    assert b"\0\0" == body_of(b"\0\0")
