"""Cutting a large page into runs of records without reading it: pure.

Splitting a page into its records costs a pass over all of it, and the typed decoder then goes over it again. So a page of nothing but flat
records is cut into runs of a few, each of which the decoder reads as an array of its own. That this is what the page says takes some proof:

- Its array begins where it seems to: what stands before the first record, closed by "]}", is a page without records.
- It ends where it seems to: no other "]" follows its beginning, in whatever text or value. So no record has an array, either.
- A run ends where a record does: within a text a quotation mark has a backslash before it, so what the runs are cut at is no part of one,
  and outside of texts it stands between two objects of an array, of which there is one.

The first is seen when the page is opened, with the link and the count, which stand around the records. That the rest is JSON is seen when
the runs are read: too late to ask for the page again, as is done where an answer breaks off or is something else altogether, which is seen
at once. What looks otherwise is split as any other page.
"""

from __future__ import annotations

__all__ = ["cut", "runs"]

# In bytes. A payment that is kept keeps its run, so that a run is not much more than what one record takes anyway.
_RUN = 4096
_BORDER = b'},{"'


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
    return before, [*found, body[start:end]], body[end:]


def runs(records: list[bytes]) -> list[bytes]:
    """*records* in runs of a few, where they are not such runs already."""
    size = sum(map(len, records))
    together = max(1, _RUN * len(records) // max(1, size))
    return [b",".join(records[first : first + together]) for first in range(0, len(records), together)]
