"""Measure contenders in turns, and report lines of the table."""

from __future__ import annotations

import gc
import multiprocessing
import sys
import time
from typing import TYPE_CHECKING

import attrs
import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection

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
    """Return the seconds of each contender in its fastest round. Before it, each warms up once.

    Other programs only make a round slower, so the fastest is the closest to its own cost. Each
    round has a process of its own. In one process, the memory that one contender leaves behind
    makes the next one up to a third faster or slower. Where its own memory is also makes a
    difference, for as long as its process lives.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            seconds[name].append(_measure_in_fork(run, warm_up=warm_up))
    return {name: min(taken) for name, taken in seconds.items()}


def _measure_in_fork(run: Callable[[], object], *, warm_up: bool) -> float:
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)
    process = fork.Process(target=_measure, args=(run, there), kwargs={"warm_up": warm_up})
    process.start()
    there.close()
    taken: float = here.recv()
    process.join()
    return taken


def _measure(run: Callable[[], object], connection: Connection, *, warm_up: bool) -> None:
    if warm_up:
        run()
    gc.collect()
    started = time.perf_counter()
    run()
    connection.send(time.perf_counter() - started)


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
