"""Rounds in which every contender has its turn, and the lines of the table that come out of them."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median

import attrs
import msgspec

__all__ = ["Line", "at_least", "at_most", "interleaved", "report"]


@attrs.frozen(kw_only=True)
class Line:
    """A line of the table: what paysdk took, what it is held against, and how the two relate. ``reached`` is None where no target is set."""

    part: int
    what: str
    ours: str
    against: str
    ratio: str
    target: str = ""
    reached: bool | None = None


def interleaved(contenders: Mapping[str, Callable[[], object]], rounds: int, *, warm_up: bool = True) -> dict[str, float]:
    """The median seconds of each contender over so many rounds, after one that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for counts in [*([False] if warm_up else []), *[True] * rounds]:
        for name, run in contenders.items():
            gc.collect()
            started = time.perf_counter()
            run()
            if counts:
                seconds[name].append(time.perf_counter() - started)
    return {name: median(taken) for name, taken in seconds.items()}


def at_most(ratio: float, target: float) -> tuple[str, str, bool]:
    """How a ratio and its target read where less is better, and whether it is reached."""
    return f"{ratio:.2f}", f"at most {target:g}", ratio <= target


def at_least(ratio: float, target: float) -> tuple[str, str, bool]:
    """Likewise where more is better."""
    return f"{ratio:.2f} times as fast", f"at least {target:g}", ratio >= target


def report(line: Line) -> None:
    """Print a line, for a person or for `table.py`."""
    sys.stdout.write(msgspec.json.encode(attrs.asdict(line)).decode() + "\n")
    sys.stdout.flush()
