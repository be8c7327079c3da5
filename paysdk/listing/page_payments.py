"""The payments of one page, as ``Page.payments``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PagePayments"]

T = TypeVar("T")


@attrs.frozen(eq=False, repr=False)
class PagePayments(Sequence[T]):
    """A page's payments. Each is made when the caller reaches it, so unused ones cost nothing."""

    _make: Callable[[Any], T]
    _rows: list[Any]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[T]:
        return map(self._make, self._rows)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return list(map(self._make, self._rows[index]))
        return self._make(self._rows[index])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return list(self) == list(cast("Sequence[object]", other))

    __hash__: None = None  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride]  # it is equal to lists, which have none

    def __repr__(self) -> str:
        return repr(list(self))
