"""Times that are finer than a microsecond: pure."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["is_finer", "may_have_finer_times", "truncate_times"]

_FINER = re.compile(rb"\.[0-9]{7}")
# The search for finer times takes a fifth of the time of decoding. So only the ends of a large
# batch are searched. An API that sends such times sends them in nearly every record, and a later
# listing starts at the last record.
_WHOLE_BYTES = 16_384
_END_BYTES = 1024


def is_finer(sent: bytes) -> bool:
    """Whether *sent* may have a time that is finer than a microsecond.

    A number with seven decimals looks like such a time.
    """
    return _FINER.search(sent) is not None


def may_have_finer_times(array: bytes) -> bool:
    """Whether the records in *array* may have such times. Searches only the ends of a long one."""
    return (
        is_finer(array)
        if len(array) <= _WHOLE_BYTES
        else is_finer(array[:_END_BYTES]) or is_finer(array[-_END_BYTES:])
    )


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
