"""Measure contenders in turns, and report lines of the table."""

from __future__ import annotations

import gc
import sys
import time
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
    """The ratio of two figures, its target, and whether it is reached."""

    ratio: str
    target: str
    reached: bool | None


@attrs.frozen(kw_only=True)
class Line:
    """A line of the table: the cost of paysdk, what it is compared with, and the verdict."""

    part: int
    what: str
    ours: str
    against: str
    verdict: Verdict


def interleaved(
    contenders: Mapping[str, Callable[[], object]], rounds: int, *, warm_up: bool = True
) -> dict[str, float]:
    """Return the seconds of each contender in its fastest round, after one for warming up.

    Other programs only make a round slower, so the fastest is the closest to its own cost.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for counts in [*([False] if warm_up else []), *[True] * rounds]:
        for name, run in contenders.items():
            gc.collect()
            started = time.perf_counter()
            run()
            if counts:
                seconds[name].append(time.perf_counter() - started)
    return {name: min(taken) for name, taken in seconds.items()}


def shown(ratio: float) -> Verdict:
    """Show a ratio without a target."""
    return Verdict(f"{ratio:.2f} times as fast", "", reached=None)


def at_most(ratio: float, target: float) -> Verdict:
    """Judge a ratio that should be small."""
    return Verdict(f"{ratio:.2f}", f"at most {target:g}", ratio <= target)


def at_least(ratio: float, target: float) -> Verdict:
    """Judge a ratio that should be large."""
    return Verdict(f"{ratio:.2f} times as fast", f"at least {target:g}", ratio >= target)


def at_most_more(difference: float, target: float, unit: str) -> Verdict:
    """Judge a difference that should be small."""
    return Verdict(
        f"{difference:+.1f} {unit}", f"at most {target:.3g} {unit} more", difference <= target
    )


def report(line: Line) -> None:
    """Print a line for `table.py`, or for a person."""
    sys.stdout.write(msgspec.json.encode(attrs.asdict(line)).decode() + "\n")
    sys.stdout.flush()
