"""Entries for people: a row of short values, and below it sentences over the whole width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
from rich.cells import cell_len

from paysdk.cli.output.layout import GAP, fit_text
from paysdk.cli.output.terminal import to_printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Entry", "render_entries"]

_INDENT = " " * 4


@attrs.frozen
class Entry:
    """The values of a row, and the sentences about it."""

    values: Sequence[object]
    sentences: Sequence[str] = ()


def render_entries(
    headers: Sequence[str], entries: Sequence[Entry], width: int, *, needed: int
) -> Iterator[str]:
    """Yield the lines of a table of entries.

    The first *needed* columns are always shown, and never cut. The others are shown if they fit. If
    the needed columns do not fit either, the first value of each row gets a line of its own.
    """
    rows = [[to_printable(value) for value in entry.values] for entry in entries]
    widths = [max(map(cell_len, column)) for column in zip(headers, *rows, strict=True)]
    while len(widths) > needed and _sum_widths(widths) > width:
        widths.pop()
    groups = [slice(0, len(widths))]
    if _sum_widths(widths) > width:
        groups = [slice(0, 1), slice(1, len(widths))]
    yield from (_join(headers[group], widths[group]) for group in groups)
    yield "─" * max(_sum_widths(widths[group]) for group in groups)
    for row, entry in zip(rows, entries, strict=True):
        yield from (_join(row[group], widths[group]) for group in groups)
        for sentence in entry.sentences:
            yield from textwrap.wrap(
                to_printable(sentence),
                max(width, 2 * len(_INDENT)),
                initial_indent=_INDENT,
                subsequent_indent=_INDENT,
            )


def _sum_widths(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _join(values: Sequence[str], widths: Sequence[int]) -> str:
    shown = (fit_text(value, width) for value, width in zip(values, widths, strict=False))
    return (" " * GAP).join(shown)
