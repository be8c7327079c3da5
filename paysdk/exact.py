"""Numbers, amounts and times, exactly as they were sent: pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "EXACT",
    "add_exactly",
    "decode_exactly",
    "exact_amount",
    "exact_number",
    "in_utc",
    "sums_of_some",
]

# The context of a user's program may have any precision, and Python's default of 28 digits would
# round the sum of longer amounts. No real sum of amounts needs a thousand.
EXACT = Context(prec=1000)

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def exact_number(digits: str) -> Decimal | str:
    """The number with these *digits*, or the digits if no ``Decimal`` can hold their exponent."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        return digits


def decode_exactly(sent: bytes) -> Any:  # noqa: ANN401  # JSON may be any value
    """Decode the JSON *sent*, with numbers as ``int`` or ``Decimal``.

    A number that neither can hold becomes the text of its digits. Raises ``ValueError`` if *sent*
    is not JSON.
    """
    try:
        return _decode(sent)
    except (msgspec.DecodeError, InvalidOperation):
        # msgspec refuses integers of more than 4,300 digits, exponents that a Decimal cannot hold,
        # and lone surrogates.
        return json.loads(
            sent.decode(),
            parse_float=exact_number,
            parse_int=_parse_int,
            parse_constant=_refuse_constant,
        )


def _parse_int(digits: str) -> int | Decimal | str:
    try:
        return int(digits)
    except ValueError:  # more digits than Python turns into an int at once
        return exact_number(digits)


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def add_exactly(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of *amounts*, with all its digits."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def sums_of_some(amounts: Iterable[Decimal]) -> set[Decimal]:
    """What some of *amounts* add up to. With n amounts there are up to 2 to the power n sums."""
    sums = {Decimal(0)}
    for amount in amounts:
        sums |= {EXACT.add(already, amount) for already in sums}
    return sums


_PLAIN = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_MAX_SHOWN_CHARS = 200


def exact_amount(sent: object, path: str) -> Decimal:
    """Return *sent*, an amount at *path*, as a ``Decimal``.

    *sent* is a ``Decimal``, an ``int``, or a string with a plain decimal number. Raises
    ``msgspec.ValidationError`` for anything else. ``Decimal`` itself also takes "NaN",
    "1_000" and the digits of other scripts.
    """
    if isinstance(sent, Decimal):
        return sent
    if isinstance(sent, int) and not isinstance(sent, bool):
        return Decimal(sent)
    if not isinstance(sent, str) or not _PLAIN.fullmatch(sent):
        raise msgspec.ValidationError(
            f"Expected a decimal number, got {_describe(sent)} - at `{path}`"
        )
    try:
        return Decimal(sent)
    except InvalidOperation:
        raise msgspec.ValidationError(
            f"Expected a decimal number with an exponent that can be held - at `{path}`"
        ) from None


def _describe(sent: object) -> str:
    return repr(sent[:_MAX_SHOWN_CHARS]) if isinstance(sent, str) else f"`{type(sent).__name__}`"


def in_utc(moment: datetime, path: str) -> datetime:
    """*moment*, at *path*, in UTC.

    Raises ``msgspec.ValidationError`` if that is before the year 1 or after the year 9999.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise msgspec.ValidationError(
            f"Expected a time between the years 1 and 9999 in UTC - at `{path}`"
        ) from None
