"""Times that are finer than a microsecond: pure."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["is_finer", "truncate_times"]

_FINER = re.compile(rb"\.[0-9]{7}")


def is_finer(sent: bytes) -> bool:
    """Whether *sent* may have a time that is finer than a microsecond.

    A number with seven decimals looks like such a time.
    """
    return _FINER.search(sent) is not None


def truncate_times(names: Iterable[str]) -> Callable[[bytes], bytes]:
    """A function that truncates the times in the fields *names* of some JSON to microseconds.

    msgspec rounds a finer time to the nearest microsecond. A listing with ``modified_since=`` that
    time would not have the record itself.
    """
    fields = b"|".join(re.escape(name.encode()) for name in sorted(names)) or b"(?!)"
    pattern = (
        rb'("(?:%b)"\s*:\s*"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:]{8}\.[0-9]{6})[0-9]+' % fields
    )
    return partial(re.compile(pattern).sub, rb"\1")
