"""The external id of a booking: deterministic, so every process finds the same one. Pure."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import quote, unquote

__all__ = [
    "are_of_one_account",
    "are_of_one_payment",
    "find_account",
    "find_payment_id",
    "make_name",
]

_PREFIX = "paysdk:"
_PARTS = 4  # without a generation
# Campfire takes 256 characters (the schema of July 2026).
_MAX_CHARS = 256


def make_name(source: str, account: str, payment_id: str, generation: int = 1) -> str:
    """Return ``paysdk:<source>:<account>:<payment id>``, and ``:g2`` for the second generation.

    Characters that a server could change, such as spaces, are percent-encoded.
    """
    parts = ":".join(quote(part, safe="-._~") for part in (source, account, payment_id))
    suffix = "" if generation == 1 else f":g{generation}"
    name = f"{_PREFIX}{parts}{suffix}"
    if len(name) <= _MAX_CHARS:
        return name
    digest = f"#{sha256(parts.encode()).hexdigest()}{suffix}"
    return name[: _MAX_CHARS - len(digest)] + digest


def are_of_one_account(name: str, other: str | None) -> bool:
    """Whether both external ids are of bookings of one account of one source."""
    if other is None or not other.startswith(_PREFIX):
        return False
    return name.split(":")[:3] == other.split(":")[:3]


def are_of_one_payment(name: str, other: str | None) -> bool:
    """Whether both external ids are of bookings of one payment, in any generation."""
    return are_of_one_account(name, other) and _stem(name) == _stem(other or "")


def find_account(name: str) -> tuple[str, str] | None:
    """Return the source and its account in an external id, or ``None`` if it is no booking's."""
    parts = name.split(":")
    if not name.startswith(_PREFIX) or len(parts) < _PARTS:
        return None
    return unquote(parts[1]), unquote(parts[2])


def find_payment_id(name: str) -> str | None:
    """Return the id of the source's payment in an external id, or ``None`` if it was cut."""
    parts = name.split(":")
    if len(parts) < _PARTS or "#" in name:
        return None
    return unquote(parts[_PARTS - 1])


def _stem(name: str) -> str:
    """What two generations of one payment share: the hash, or all parts but the generation."""
    _, sign, digest = name.partition("#")
    return digest.partition(":")[0] if sign else ":".join(name.split(":")[:_PARTS])
