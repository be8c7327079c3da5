"""Tests of the text of an HTML page."""

from __future__ import annotations

import pytest

from paysdk.transport.html_text import decode_text, extract_text, looks_like_markup


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        (
            "<html><head><title>502 Bad Gateway</title></head><body><h1>No</h1></body></html>",
            "502 Bad Gateway",
        ),
        (
            "<html>\r\n<center><h1>413 Request   Too Large</h1></center>\n<hr></html>",
            "413 Request Too Large",
        ),
        ("<title> </title><p>Sorry</p>", "Sorry"),
        ("<style>a<b{}</style><script>if (a<b) x('</p>')</script><p>Shown</p>", "Shown"),
        ("<!-- <b>no</b> - -- --><p>Yes</p>", "Yes"),
        ("<!-- never ends <p>no</p>", ""),
        ("<p>a&nbsp;&lt;b&gt; &eacute; &#233;</p>", "a <b> é é"),
        ("<ul><li>one</li><li>two</li></ul>", "one two"),
        ("<p>to<b>day</b>-time</p>", "today-time"),
        ("<svg/><p>Text</p><svg><text>no</text></svg>", "Text"),
        (
            "<?xml version='1.0'?><Error><Code>Denied</Code><Message>Go away</Message></Error>",
            "Denied Go away",
        ),
        ("<p>1 < 2</p>", "1 < 2"),
        ("<p>\x1b[31mred\x00</p>", "[31mred"),
        ("<title>Payment - failed</title>", "Payment - failed"),
        ("<p>" + "word " * 1000, "word " * 60 + "…"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 300 + "…"),
    ],
)
def test_title_or_first_words(markup: str, words: str) -> None:
    """The text is one line without tags, scripts, comments or control characters."""
    assert words == extract_text(markup)


@pytest.mark.parametrize("piece", ["<", "<!--", "<script", "<a ", "&#", "-", "<a <b>", "</title>"])
def test_large_pages(piece: str) -> None:
    """The largest page is read in linear time, whatever it repeats."""
    markup = piece * (65_536 // len(piece))
    assert isinstance(extract_text(markup), str)


@pytest.mark.parametrize(
    ("text", "content_type", "expected"),
    [
        ("<html>", "", True),
        ("\n <!DOCTYPE html>", "", True),
        ("<?xml?>", "application/json", True),
        ("Sorry <b>no</b>", "text/html; charset=utf-8", True),
        ("Sorry <b>no</b>", "text/html", True),
        ("Sorry <b>no</b>", "Application/XML", True),
        ("Sorry", "text/html", False),
        ("Sorry <b>no</b>", "", False),
        ("< 5", "", False),
        ('{"a": "<b>"}', "application/json", False),
        ("", "text/html", False),
    ],
)
def test_looks_like_markup(
    text: str, content_type: str, expected: bool
) -> None:  # a table's columns
    """A text is markup if it begins with a tag, or is declared as HTML and contains one."""
    assert expected is looks_like_markup(text, content_type)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode("latin-1"), "text/html; charset=ISO-8859-1", "é"),
        ("é".encode(), "text/html; charset=no-such", "é"),
        ("é".encode(), "text/html; charset=hex", "é"),
        ("é".encode(), "text/html; charset=idna", "é"),
        (b"\xef\xbb\xbfx", "", "x"),
        ("é".encode("utf-16"), "", "é"),
        (b'<meta charset="latin-1">\xe9', "", '<meta charset="latin-1">é'),
        (b"\xff", "", "\ufffd"),
        (b"A\x00\xe9", "text/html; charset=utf-16-le", "A\ufffd"),
        (b"\xff\xfeA\x00\xe9", "", "A\ufffd"),
        (b"x" * 100_000, "", "x" * 65_536),
    ],
    ids=range(11),
)
def test_text_in_its_charset(body: bytes, content_type: str, text: str) -> None:
    """The charset is that of the header, the page or the mark, or else UTF-8."""
    assert text == decode_text(body, content_type)
