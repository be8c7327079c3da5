"""Helpers of the contract's cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.testing.contract.harness import take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Plain:
    """An async iterator that is not a generator, and cannot be closed."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        """Count down."""
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return self.left


@pytest.mark.parametrize(("count", "expected"), [(1, [4]), (3, [4, 3, 2]), (9, [4, 3, 2, 1, 0])])
async def test_takes_from_any_iterator(count: int, expected: list[int]) -> None:
    """It takes at most the given number of items."""
    assert expected == await take(Plain(5), count)
