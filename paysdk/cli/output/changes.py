"""Changes of payments, each on a line as it comes."""

from __future__ import annotations

import sys
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from paysdk.cli.output.tables import PaymentsTables
from paysdk.cli.output.terminal import configure_utf8_stdout, make_console, print_lines
from paysdk.converter import make_converter

if TYPE_CHECKING:
    from paysdk.follow.following import PaymentChange

__all__ = ["ChangesTable", "write_json_line"]

_converter = cache(make_converter)

_HEADER = f"{'Time':<10}{'Change':<9}"
_RULE = "─" * len(_HEADER)
# In a narrower terminal, the terminal breaks the lines.
_MIN_WIDTH_CHARS = 24


def write_json_line(change: PaymentChange) -> None:
    """Write the change as an object on a line, at once."""
    out = configure_utf8_stdout()
    out.write(f"{_converter().dumps(change).decode()}\n")
    out.flush()


class ChangesTable:
    """A table that grows with each change. It begins with the time in this place, and the kind."""

    def __init__(self) -> None:
        console = make_console(sys.stdout)
        console.width = max(console.width - len(_HEADER), _MIN_WIDTH_CHARS)
        self._payments = PaymentsTables(console)

    def write(self, change: PaymentChange) -> None:
        """Write a line for the change, and a new header if a column changes its width."""
        *above, row = self._payments.render_part([change.payment])
        now = datetime.now().astimezone()
        if above == [""]:
            above = []  # the providers take turns, so they are not set apart
        lines = [f"{'':{len(_HEADER)}}{line}" for line in above]
        if above and above[-1].startswith("─"):
            lines[-2:] = [f"{_HEADER}{above[-2]}", f"{_RULE}{above[-1]}"]
        print_lines([*lines, f"{now:%H:%M:%S}  {change.kind:<9}{row}"])
