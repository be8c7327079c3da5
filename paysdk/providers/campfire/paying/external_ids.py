"""Whether a server may have changed one external id into another. Pure.

No document says in which form Campfire keeps an ``external_id``.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from html import unescape
from typing import TYPE_CHECKING
from unicodedata import normalize
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["external_id_fits"]

# "order-1" may be an external id of its own, and not "order-10" cut short. So a text shorter than
# this is never taken for the beginning of another external id.
_MIN_CUT_CHARS = 10
# A text that was encoded twice has two more forms for each way of encoding.
_MAX_FORMS = 8
# The character sets of servers that drop or replace what their set does not have.
_CHARSETS = ("ascii", "latin-1", "cp1252")
# Python's and JSON's escapes of characters that are not ASCII.
_HEX = "[0-9a-fA-F]"
_ESCAPE = re.compile(rf"\\(?:x({_HEX}{{2}})|u({_HEX}{{4}})|U(00(?:0{_HEX}|10){_HEX}{{4}}))")
# Unicode does not split these letters into a letter and an accent.
_PLAIN = str.maketrans(
    dict(zip("łŁøØđĐðÐħĦŧŦı", "lLoOdDdDhHtTi", strict=True))
    | {"æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "TH"}
)
_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "AE", "Ö": "OE", "Ü": "UE"}
    | {"å": "aa", "Å": "AA", "ø": "oe", "Ø": "OE"}
)


def external_id_fits(ours: str, kept: str) -> bool:
    """Whether a server may have changed *ours* into *kept*.

    It may encode, change, drop or replace characters, and cut the end off.
    """
    return any(_fits(ours, form) for form in _decode_in_every_way(kept))


def _fits(ours: str, kept: str) -> bool:
    if _is_or_begins(_normalise(ours), _normalise(kept)):
        return True
    left = _keep_letters(unescape(kept))
    if left and any(_is_or_begins(_keep_letters(form), left) for form in _spell(ours, kept)):
        return True
    return any(
        _is_or_begins(_keep_letters_in(charset, ours), _keep_letters_in(charset, unescape(kept)))
        for charset in _CHARSETS
        if _may_have_dropped(charset, ours, kept)
    )


def _decode_in_every_way(kept: str) -> list[str]:
    """*kept*, and what it was before it was encoded in one of the usual ways, or in two."""
    forms = [kept]
    for form in forms:
        for decoded in (_unquote(form), _unescape(form), _undo_wrong_charset(form)):
            if decoded not in forms and len(forms) < _MAX_FORMS:
                forms.append(decoded)
    return forms


def _unquote(text: str) -> str:
    """*text* without the escapes of a URL, which hold UTF-8 or Latin-1."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return unquote(text, "latin-1")


def _unescape(text: str) -> str:
    """*text* without backslash escapes. JSON escapes each half of a surrogate pair by itself."""
    plain = _ESCAPE.sub(lambda found: chr(int(found[found.lastindex or 0], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _undo_wrong_charset(text: str) -> str:
    """*text* as it was before a server read its UTF-8 as Windows-1252 or Latin-1."""
    try:
        sent = b"".join(map(_as_byte, text))
        # A server may have cut the text in the middle of a character.
        return getincrementaldecoder("utf-8")().decode(sent)
    except UnicodeError:
        return text


def _as_byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:  # Windows-1252 leaves five bytes undefined
        return character.encode("latin-1")


def _is_or_begins(sent: str, shown: str) -> bool:
    return shown == sent or (len(shown) >= _MIN_CUT_CHARS and sent.startswith(shown))


def _normalise(external_id: str) -> str:
    # Letters and accents are separated, so an external id that was cut between them still begins
    # like ours. A server that cuts bytes may leave a replacement character at the end.
    folded = normalize("NFKD", normalize("NFKD", external_id).casefold())
    return " ".join(folded.rstrip("\ufffd").split())


def _spell(ours: str, kept: str) -> Iterator[str]:
    """Yield *ours*, and how a server may spell it if it keeps only ASCII letters."""
    yield ours
    if kept.isascii() and not ours.isascii():
        composed = normalize("NFC", ours)
        yield composed.translate(_PLAIN)
        yield composed.translate(_GERMAN).translate(_PLAIN)


def _keep_letters(external_id: str) -> str:
    """The letters and digits, without accents.

    A number loses its leading zeros, as in a server that keeps numbers.
    """
    letters = "".join(filter(str.isalnum, _normalise(external_id)))
    return letters.lstrip("0") if letters.isdecimal() else letters


def _may_have_dropped(charset: str, ours: str, kept: str) -> bool:
    """Whether a server with this *charset* cannot keep *ours* whole, and could show *kept*."""
    if _has_all(charset, normalize("NFC", ours)):
        return False
    shows_replacement = charset == "ascii" and "\ufffd" in kept
    return shows_replacement or _has_all(charset, kept.replace("\ufffd", ""))


def _has_all(charset: str, text: str) -> bool:
    return text.encode(charset, "ignore").decode(charset) == text


def _keep_letters_in(charset: str, external_id: str) -> str:
    """The letters and digits that *charset* has. The server drops or replaces the others."""
    composed = normalize("NFC", external_id)
    return _keep_letters(composed.encode(charset, "ignore").decode(charset))
