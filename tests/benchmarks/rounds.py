"""Rounds in which every contender has its turn, and the lines of the table that come out of them."""

from __future__ import annotations

import gc
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

import attrs
import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Line",
    "Verdict",
    "at_least",
    "at_most",
    "at_most_more",
    "interleaved",
    "report",
    "shown",
]


@attrs.frozen
class Verdict:
    """How two figures relate, how they should, and whether they do."""

    ratio: str
    target: str
    reached: bool | None


@attrs.frozen(kw_only=True)
class Line:
    """A line of the table: what paysdk took, what it is held against, and what comes of that."""

    part: int
    what: str
    ours: str
    against: str
    verdict: Verdict


def interleaved(
    contenders: Mapping[str, Callable[[], object]], rounds: int, *, warm_up: bool = True
) -> dict[str, float]:
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


def shown(ratio: float) -> Verdict:
    """On a ratio for which nothing was set."""
    return Verdict(f"{ratio:.2f} times as fast", "", reached=None)


def at_most(ratio: float, target: float) -> Verdict:
    """On a ratio that should be small."""
    return Verdict(f"{ratio:.2f}", f"at most {target:g}", ratio <= target)


def at_least(ratio: float, target: float) -> Verdict:
    """On a ratio that should be large."""
    return Verdict(f"{ratio:.2f} times as fast", f"at least {target:g}", ratio >= target)


def at_most_more(difference: float, target: float, unit: str) -> Verdict:
    """On a difference that should be small."""
    return Verdict(
        f"{difference:+.1f} {unit}", f"at most {target:.3g} {unit} more", difference <= target
    )


def report(line: Line) -> None:
    """Print a line, for a person or for `table.py`."""
    sys.stdout.write(msgspec.json.encode(attrs.asdict(line)).decode() + "\n")
    sys.stdout.flush()
