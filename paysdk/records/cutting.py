"""Cutting a large page into runs of records without reading it: pure.

Splitting a page into its records costs a pass over all of it, and the typed decoder then goes over
it again. So a page of nothing but flat records is cut into runs of a few, each of which the decoder
reads as an array of its own. That this is what the page says takes some proof:

- Its array begins where it seems to: what stands before the first record, closed by "]}", is a page without records.
- It ends where it seems to: no other "]" follows its beginning, in whatever text or value. So no record has an array, either.
- In between stands what the runs say: each, read alone, is an array of records, and joined by commas they are the page again.

The first is seen when the page is opened, with the link and the count, which stand around the
records; the last when the runs are read. What looks otherwise is split as any other page, and so is
one in which a run turns out to be no array.
"""

from __future__ import annotations

import msgspec

__all__ = ["Run", "cut", "runs"]

# In bytes. A payment that is kept keeps its run, so that a run has a few records and no more.
_RUN = 8192
_LONGEST = 4 * _RUN
# As compact JSON has it between two objects of an array.
_BORDER = b'},{"'

_split: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


class Run:
    """A few neighbouring records as one array, which is split when one of them is asked for by itself."""

    __slots__ = ("_records", "array")

    def __init__(self, array: bytes) -> None:
        self.array: bytes = array
        self._records: list[msgspec.Raw] | None = None

    def record(self, place: int) -> bytes:
        """The bytes of the record at *place*, from 0. The array must have been read."""
        if self._records is None:
            self._records = _split.decode(self.array)
        return bytes(self._records[place])


def cut(body: bytes, name: str) -> tuple[bytes, list[bytes], bytes] | None:
    """*body* up to the records of its array *name*, these in runs, and what follows them; ``None`` where it is small or looks otherwise.

    The parts with commas between the runs are the body again.
    """
    opening = b'"%b":[' % name.encode()
    key = body.find(opening)
    start = key + len(opening)
    end = body.find(b"]", start)
    escaped = body[key - 1 : key] == b"\\"
    if len(body) < 2 * _RUN or key < 0 or escaped or end < 0 or body.find(b"]", end + 1) >= 0:
        return None
    before = body[:start]
    found: list[bytes] = []
    while (border := body.find(_BORDER, start + _RUN, end)) >= 0:
        found.append(body[start : border + 1])
        start = border + 2
    found.append(body[start:end])
    # Longer ones have large records, for which there is nothing to gain, or borders of another
    # look.
    return None if max(map(len, found)) > _LONGEST else (before, found, body[end:])


def runs(records: list[bytes]) -> list[bytes]:
    """*records* in runs of a few, where they are not such runs already; a large one by itself."""
    found: list[bytes] = []
    together: list[bytes] = []
    size = 0
    for record in records:
        if size + len(record) > _RUN and together:
            found.append(b",".join(together))
            together, size = [], 0
        together.append(record)
        size += len(record)
    return [*found, b",".join(together)] if together else found
