"""The records that a sandbox serves, in an order that a test may change while a client walks them."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Records", "Row", "scatter"]

Row = dict[str, Any]
Id = TypeVar("Id", int, str)

_MASK = (1 << 64) - 1


def scatter(seed: int, index: int) -> int:
    """64 bits that look random and depend on seed and index only, so that any record can be made without the ones before it."""
    bits = (seed * 0xD1342543DE82EF95 + index * 0x9E3779B97F4A7C15) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


class Records(Generic[Id]):
    """Rows in ascending order of (position, id), generated when they are first asked for, and kept rendered.

    ``version`` grows with every change, for those who remember what they found.
    """

    def __init__(
        self,
        keys: Iterable[tuple[int, Id]],
        generate: Callable[[int, Id], Row],
        render: Callable[[Row], bytes],
    ) -> None:
        self._keys: list[tuple[int, Id]] = sorted(keys)
        self._positions: dict[Id, int] = {row_id: position for position, row_id in self._keys}
        self._generate: Callable[[int, Id], Row] = generate
        self._render = render
        self._written: dict[Id, Row] = {}
        self._rendered: dict[Id, bytes] = {}
        self.version: int = 0

    def __contains__(self, row_id: object) -> bool:
        return row_id in self._positions

    @property
    def keys(self) -> Sequence[tuple[int, Id]]:
        """The (position, id) of every record, in order; to read only."""
        return self._keys

    def key(self, row_id: Id) -> tuple[int, Id]:
        """Where the record stands. Raises KeyError where there is none."""
        return self._positions[row_id], row_id

    def index(self, row_id: Id) -> int:
        """How many records stand before this one. Raises KeyError where there is none."""
        return bisect_left(self._keys, self.key(row_id))

    def row(self, row_id: Id) -> Row:
        """A copy of the record. Raises KeyError where there is none."""
        written = self._written.get(row_id)
        return (
            dict(written)
            if written is not None
            else self._generate(self._positions[row_id], row_id)
        )

    def rows(self) -> list[Row]:
        """Copies of all records, in order."""
        return [self.row(row_id) for _, row_id in self._keys]

    def render(self, row_id: Id) -> bytes:
        """The record as it is sent."""
        rendered = self._rendered.get(row_id)
        if rendered is None:
            rendered = self._rendered[row_id] = self._render(self.row(row_id))
        return rendered

    def put(self, position: int, row_id: Id, row: Row) -> None:
        """Write a record, new or in place of what had its id."""
        if row_id in self._positions:
            self.remove(row_id)
        insort(self._keys, (position, row_id))
        self._positions[row_id] = position
        self._written[row_id] = dict(row)
        self.version += 1

    def remove(self, row_id: Id) -> None:
        """Take a record out. Raises KeyError where there is none."""
        del self._keys[self.index(row_id)]
        del self._positions[row_id]
        self._written.pop(row_id, None)
        self._rendered.pop(row_id, None)
        self.version += 1
