"""Extracts the text of a page of HTML or XML, which a proxy may send instead of the API. Pure."""

from __future__ import annotations

import codecs
import contextlib
import html
import re

__all__ = ["decode_text", "extract_text", "looks_like_markup"]

# The page of a gateway says near its beginning what happened.
_MAX_MARKUP_BYTES = 64 * 2**10
_MAX_TEXT_CHARS = 300
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
# No alternative can match in two ways, so the search takes linear time on any page.
_PIECE = re.compile(r"<!--|-->|</?([A-Za-z!?][^\s<>/]{0,40})[^<>]*>?|<|[^<-]+|-")
_BEGINS_AS_MARKUP = re.compile(r"\s*<[A-Za-z!?]")
# The content of these elements is for programs.
_NOT_SHOWN = frozenset({"script", "style", "template", "noscript", "svg"})

# These elements can occur inside a word or a sentence.
_INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "code",
        "em",
        "font",
        "i",
        "mark",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "u",
    }
)


def looks_like_markup(text: str, content_type: str = "") -> bool:
    """Whether *text* is a page of HTML or XML."""
    kind = content_type.partition(";")[0].strip().lower()
    return _BEGINS_AS_MARKUP.match(text) is not None or (
        kind.endswith(("html", "xml")) and "<" in text
    )


def decode_text(body: bytes, content_type: str = "") -> str:
    """Decode the beginning of *body*, with the charset that the header or the page declares."""
    body = body[:_MAX_MARKUP_BYTES]
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", errors="replace")
    declared = _CHARSET.search(content_type) or _CHARSET.search(body[:1024].decode("latin-1"))
    if declared:
        # Python may not know the charset, or may know a codec of this name that is not for text.
        with contextlib.suppress(LookupError, ValueError):
            return body.decode(declared[1], errors="replace")
    return body.decode("utf-8-sig", errors="replace")


def extract_text(markup: str) -> str:
    """Return the title of a page, or its first words if it has no title.

    The result is one line without markup.
    """
    title: list[str] = []
    words: list[str] = []
    hidden_in = ""
    in_title = in_comment = False
    for piece in _PIECE.finditer(markup):
        text, name = piece[0], (piece[1] or "").lower()
        if in_comment:
            in_comment = text != "-->"
        elif hidden_in:
            hidden_in = "" if text.startswith("</") and name == hidden_in else hidden_in
        elif text == "<!--":
            in_comment = True
        elif name:
            closes = text.startswith("</")
            hidden_in = (
                name if name in _NOT_SHOWN and not closes and not text.endswith("/>") else ""
            )
            in_title = name == "title" and not closes
            words.append("" if name in _INLINE else " ")
        else:
            (title if in_title else words).append(text)
    return _one_line("".join(title)) or _one_line("".join(words))


def _one_line(text: str) -> str:
    printable = "".join(sign if sign.isprintable() else " " for sign in html.unescape(text))
    line = " ".join(printable.split())
    return line if len(line) <= _MAX_TEXT_CHARS else line[:_MAX_TEXT_CHARS] + "…"
