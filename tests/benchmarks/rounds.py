"""Measure contenders in turns, and report lines of the table."""

from __future__ import annotations

import gc
import multiprocessing
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import attrs
import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
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
    """Return the seconds of each contender in its fastest round, after one for warming up.

    Other programs only make a round slower, so the fastest is the closest to its own cost. Each
    contender has a process of its own. In one process, the memory that one contender leaves behind
    makes the next one up to a third faster or slower.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    with ExitStack() as stack:
        measured = {name: stack.enter_context(_in_fork(run)) for name, run in contenders.items()}
        for counts in [*([False] if warm_up else []), *[True] * rounds]:
            for name, measure in measured.items():
                taken = measure()
                if counts:
                    seconds[name].append(taken)
    return {name: min(taken) for name, taken in seconds.items()}


@contextmanager
def _in_fork(run: Callable[[], object]) -> Iterator[Callable[[], float]]:
    """Yield a function that calls *run* in another process and returns the seconds it took."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe()
    process = fork.Process(target=_measure_calls, args=(run, there), daemon=True)
    process.start()
    there.close()

    def measure() -> float:
        here.send("measure")
        taken: float = here.recv()
        return taken

    try:
        yield measure
    finally:
        here.send("")
        process.join()
        here.close()


def _measure_calls(run: Callable[[], object], connection: Connection) -> None:
    """Call *run* and send the seconds that it took, as often as the parent process asks for it."""
    while connection.recv():
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
