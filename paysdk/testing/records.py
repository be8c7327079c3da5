"""The records that a sandbox serves. A test may change them while a client lists them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = ["Records", "Row", "check_fields", "check_rows", "scatter"]

Row = dict[str, Any]
Id = TypeVar("Id", int, str)

_MASK = (1 << 64) - 1


def check_fields(what: str, fields: Iterable[str], known: Collection[str]) -> None:
    """Raise ``ConfigurationError`` for the first of the *fields* that is not *known*.

    A misspelt field would otherwise leave a made-up value where a test expects its own.
    """
    for name in fields:
        if name not in known:
            raise ConfigurationError(
                f"{what} has no field {name!r}. Its fields are: {', '.join(known)}."
            )


def check_rows(rows: object) -> Sequence[Mapping[str, object]]:
    """Return *rows* if they are mappings. Raises ``ConfigurationError`` if they are not."""
    if isinstance(rows, str | Mapping) or not isinstance(rows, Iterable):
        raise ConfigurationError(f"rows must be a list of payments, not {rows!r}.")
    given = list(cast("Iterable[object]", rows))
    for number, row in enumerate(given):
        if not isinstance(row, Mapping):
            raise ConfigurationError(
                f"rows[{number}] must be a mapping of fields to values, such as "
                f"{{'amount': Decimal('12.50')}}, not {row!r}."
            )
    return cast("list[Mapping[str, object]]", given)


def scatter(seed: int, index: int) -> int:
    """Return 64 bits that look random, and depend on seed and index only.

    So any record can be made without the records before it.
    """
    bits = (seed * 0xD1342543DE82EF95 + index * 0x9E3779B97F4A7C15) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


class Records(Generic[Id]):
    """Rows in ascending order of (position, id).

    A row is generated when it is first needed, and its rendered bytes are kept. ``version`` grows
    with every change, so that a cache can tell when it is stale.
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
        """The (position, id) of every record, in order. Do not change this list."""
        return self._keys

    def key(self, row_id: Id) -> tuple[int, Id]:
        """Return the position and id of the record. Raises KeyError for an unknown id."""
        return self._positions[row_id], row_id

    def index(self, row_id: Id) -> int:
        """Count the records before this one. Raises KeyError for an unknown id."""
        return bisect_left(self._keys, self.key(row_id))

    def row(self, row_id: Id) -> Row:
        """Return a copy of the record. Raises KeyError for an unknown id."""
        written = self._written.get(row_id)
        return (
            dict(written)
            if written is not None
            else self._generate(self._positions[row_id], row_id)
        )

    def rows(self) -> list[Row]:
        """Return copies of all records, in order."""
        return [self.row(row_id) for _, row_id in self._keys]

    def render(self, row_id: Id) -> bytes:
        """Return the record as it is sent."""
        rendered = self._rendered.get(row_id)
        if rendered is None:
            rendered = self._rendered[row_id] = self._render(self.row(row_id))
        return rendered

    def put(self, position: int, row_id: Id, row: Row) -> None:
        """Write a new record, or replace the record with this id."""
        if row_id in self._positions:
            self.remove(row_id)
        insort(self._keys, (position, row_id))
        self._positions[row_id] = position
        self._written[row_id] = dict(row)
        self.version += 1

    def remove(self, row_id: Id) -> None:
        """Remove a record. Raises KeyError for an unknown id."""
        del self._keys[self.index(row_id)]
        del self._positions[row_id]
        self._written.pop(row_id, None)
        self._rendered.pop(row_id, None)
        self.version += 1
