"""How a server may treat an order that it accepts, in ways that no document rules out."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["NAME_FORMS", "NameForm", "split_in_two"]

NameForm: TypeAlias = Literal["exact", "cut", "lower", "NFC", "NFD", "trimmed", "dropped"]

_CUT_CHARS = 50

# What becomes of an external_id that is sent.
NAME_FORMS: Mapping[NameForm, Callable[[str], str | None]] = {
    "exact": lambda name: name,
    "cut": lambda name: name[:_CUT_CHARS],
    "lower": str.lower,
    "NFC": lambda name: normalize("NFC", name),
    "NFD": lambda name: normalize("NFD", name),
    "trimmed": lambda name: " ".join(name.split()),
    "dropped": lambda _: None,
}


def split_in_two(amount: Decimal) -> tuple[Decimal, ...]:
    """The amounts of two lines that come to *amount* exactly, or *amount* alone if it is too small."""
    cent = Decimal("0.01")
    return (amount,) if amount <= cent else (amount - cent, cent)
