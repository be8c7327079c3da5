"""Registers what breaks a promise with the cases that must report it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def name_cases(*cases: str) -> frozenset[str]:
    """Return the names of the tests of these cases."""
    return frozenset(f"test_{case}" for case in cases)


def registering(
    broken: dict[type[T], frozenset[str]],
) -> Callable[..., Callable[[type[T]], type[T]]]:
    """Make a decorator that puts a class into *broken*, with the cases that must fail for it."""

    def breaks(*cases: str) -> Callable[[type[T]], type[T]]:
        def note(kind: type[T]) -> type[T]:
            broken[kind] = name_cases(*cases)
            return kind

        return note

    return breaks
