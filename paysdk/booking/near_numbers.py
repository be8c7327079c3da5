"""Which invoice numbers of the target are nearly one of the source's. They are shown, never used.

A number is near another if they differ only in case, in zeros in front of digits or in other
characters than letters and digits. It is also near if only the part before its last digits differs,
such as a prefix.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from paysdk.booking.checks import describe_invoice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable

    from paysdk.target import TargetInvoice

__all__ = ["find_near", "number_keys"]

_MAX_SHOWN = 3
# Fewer digits would make nearly every number near.
_MIN_DIGITS = 2


def number_keys(number: str) -> tuple[str, str | None]:
    """What two near numbers share: the first key if the whole is near, the second if its digits."""
    plain = "".join(character for character in number.casefold() if character.isalnum())
    whole = re.sub(r"(?<!\d)0+(?=\d)", "", plain)
    digits = re.search(r"\d+$", whole)
    last = digits.group() if digits is not None else ""
    return whole, last if len(last) >= _MIN_DIGITS else None


async def find_near(
    numbers: Collection[str], invoices: AsyncIterator[TargetInvoice]
) -> dict[str, str]:
    """Return the invoices that are nearest to each number, in words. Only near ones are kept."""
    wanted = {key for number in numbers for key in _tagged_keys(number)}
    found: defaultdict[tuple[str, str], list[TargetInvoice]] = defaultdict(list)
    async for invoice in invoices:
        for key in _tagged_keys(invoice.number or ""):
            if key in wanted and len(found[key]) < _MAX_SHOWN:
                found[key].append(invoice)
    nearest = {number: _choose(found[key] for key in _tagged_keys(number)) for number in numbers}
    return {number: "; ".join(map(_describe, near)) for number, near in nearest.items() if near}


def _tagged_keys(number: str) -> Iterable[tuple[str, str]]:
    whole, digits = number_keys(number)
    yield "whole", whole
    if digits is not None:
        yield "digits", digits


def _choose(lists: Iterable[list[TargetInvoice]]) -> list[TargetInvoice]:
    """The first list that is not empty, because its key is the stronger one."""
    none: list[TargetInvoice] = []
    return next(filter(None, lists), none)


def _describe(invoice: TargetInvoice) -> str:
    return f"number {invoice.number}, {describe_invoice(invoice)}"
