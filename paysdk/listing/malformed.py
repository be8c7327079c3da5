"""Reads a page that has a malformed record: one record after another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from paysdk.records.malformed import decode_one_by_one

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paysdk.errors import MalformedResponseError
    from paysdk.records.page import RawPage, Reader

__all__ = ["decode_around_malformed"]

# A record that is decoded by itself, perhaps liberally, takes ten times as long.
_RECORDS_PER_TURN = 50


async def decode_around_malformed(
    reader: Reader[object],
    page: RawPage,
    overlap: Sequence[object],
    set_aside: Callable[[MalformedResponseError], None] | None,
) -> tuple[list[Any], list[object]]:
    """The rows of *page*, and the mark of each record: its id or, if it is malformed, its bytes.

    Calls *set_aside* with the error of each malformed record. *overlap* has the marks of the
    records with which the previous page ended. Malformed records among these were reported with
    that page, so they are not reported again.

    Raises ``MalformedResponseError`` for the first malformed record if *set_aside* is ``None``.
    """
    errors: list[MalformedResponseError] = []
    rows: list[Any] = []
    marks: list[object] = []
    in_overlap = True
    for number, row in enumerate(decode_one_by_one(reader, page, set_aside and errors.append), 1):
        marks.append(errors[-1].raw if row is None else row.id)
        in_overlap = in_overlap and marks[-1:] == list(overlap[number - 1 : number])
        if row is not None:
            rows.append(row)
        elif set_aside is not None and not in_overlap:
            set_aside(errors[-1])
        if number % _RECORDS_PER_TURN == 0:
            await asyncio.sleep(0)
    return rows, marks
