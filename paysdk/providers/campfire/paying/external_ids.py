"""Whether a server may have changed one external id into another. Pure.

No document says in which form Campfire keeps an ``external_id``.
"""

from __future__ import annotations

from html import unescape
from unicodedata import normalize

__all__ = ["external_id_fits"]

# A beginning shorter than this counts as another external id, as "order-1" does for "order-10", and
# not as one that a server has cut.
_MIN_CUT_CHARS = 10


def external_id_fits(ours: str, kept: str) -> bool:
    """Whether a server may have changed *ours* into *kept*.

    It may change, drop or replace characters, and cut the end off.
    """
    if _is_or_begins(_normalise(ours), _normalise(kept)):
        return True
    left = _keep_letters(unescape(kept))
    if left and _is_or_begins(_keep_letters(ours), left):
        return True
    # An ASCII server drops or replaces the other letters, in the worst case all of them.
    if ours.isascii() or not (kept.isascii() or "\ufffd" in kept):
        return False
    return _is_or_begins(_keep_ascii(ours), _keep_ascii(unescape(kept)))


def _is_or_begins(sent: str, shown: str) -> bool:
    return shown == sent or (len(shown) >= _MIN_CUT_CHARS and sent.startswith(shown))


def _normalise(external_id: str) -> str:
    # Letters and accents are separated, so an external id that was cut between them still begins
    # like ours. A server that cuts bytes may leave a replacement character at the end.
    folded = normalize("NFKD", normalize("NFKD", external_id).casefold())
    return " ".join(folded.rstrip("\ufffd").split())


def _keep_letters(external_id: str) -> str:
    """The letters and digits, without accents.

    A number loses its leading zeros, as in a server that keeps numbers.
    """
    letters = "".join(filter(str.isalnum, _normalise(external_id)))
    return letters.lstrip("0") if letters.isdecimal() else letters


def _keep_ascii(external_id: str) -> str:
    composed = normalize("NFC", external_id)
    return _keep_letters("".join(filter(str.isascii, composed)))
