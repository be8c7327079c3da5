"""What the demonstration shows: a square for each account, a bar for each worker, and changes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs
from rich.console import Console, ConsoleOptions, Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType, RenderResult

__all__ = ["Round"]

_SQUARES = {
    "done": ("■", "green"),
    "at work": ("■", "yellow"),
    "tried again": ("■", "magenta"),
    "failed": ("■", "red"),
    "waiting": ("□", "bright_black"),
}
_STATES = {"succeeded": "done", "doing": "at work", "todo": "waiting"}
# Squares in a row, as the terminal's width allows.
_ROWS = (50, 25)


@attrs.define
class Round:
    """One sync of all accounts: the state of each, the jobs of each worker, and the changes."""

    title: str
    states: dict[tuple[str, str], str]
    seconds: float = 0.0
    payments: int = 0
    changes: Counter[str] = attrs.field(factory=Counter[str])
    workers: dict[int, Counter[str]] = attrs.field(factory=dict[int, Counter[str]])

    def note(
        self, account: tuple[str, str], status: str, attempts: int, worker: int | None
    ) -> None:
        """Note the state of a job."""
        state = "tried again" if status == "todo" and attempts else _STATES.get(status, "failed")
        self.states[account] = state
        if worker is not None:
            self.workers.setdefault(worker, Counter())[state] += 1

    @property
    def is_over(self) -> bool:
        """Whether every account is done, or has failed."""
        return set(self.states.values()) <= {"done", "failed"}

    def __rich_console__(self, console: Console, _options: ConsoleOptions) -> RenderResult:
        per_row = next((squares for squares in _ROWS if 2 * squares < console.width - 2), _ROWS[-1])
        yield Group(
            self._heading(), self._squares(per_row), self._workers(per_row), self._payments()
        )

    def _heading(self) -> RenderableType:
        counts = Counter(self.states.values())
        line = Text(f"\n {self.title}", style="bold")
        for state, (square, style) in _SQUARES.items():
            if counts[state]:
                line.append(f"   {square} ", style).append(f"{counts[state]} {state}", "not bold")
        return line.append("\n")

    def _squares(self, per_row: int) -> RenderableType:
        squares = [Text(*_SQUARES[state]) for state in self.states.values()]
        rows = [squares[first : first + per_row] for first in range(0, len(squares), per_row)]
        return Group(*(Text(" ") + Text(" ").join(row) for row in rows), Text())

    def _workers(self, per_row: int) -> RenderableType:
        table = Table.grid(padding=(0, 2, 0, 0))
        for number, worker in enumerate(sorted(self.workers), 1):
            counts = self.workers[worker]
            bar = ProgressBar(
                total=len(self.states),
                completed=counts["done"],
                width=per_row,
                complete_style="green",
                finished_style="green",
            )
            table.add_row(
                f" worker {number}",
                bar,
                f"{counts['done']:>4} done, {counts['at work']:>2} at work",
            )
        return table

    def _payments(self) -> RenderableType:
        line = Text(f"\n {self.payments:,} payments", style="bold")
        for kind, count in sorted(self.changes.items()):
            line.append(f"   {count:,} {kind}", "not bold")
        return line.append(f"   after {self.seconds:.1f} s", "not bold")
