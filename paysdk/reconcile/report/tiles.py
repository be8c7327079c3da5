"""The tiles at the top of the page: how many outcomes have each status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from paysdk.reconcile.report.names import Names, status_class
from paysdk.reconcile.report.text import format_number

if TYPE_CHECKING:
    from paysdk.reconcile.totals import Totals

__all__ = ["Tile", "make_tiles"]


@attrs.frozen(kw_only=True)
class Tile:
    """How many outcomes have a status."""

    kind: str
    name: str
    count: str
    is_difference: bool


def make_tiles(totals: Totals, names: Names) -> list[Tile]:
    """A tile for each status."""
    return [
        Tile(
            kind=status_class(status),
            name=name,
            count=format_number(totals.outcomes[status]),
            is_difference=status.is_difference,
        )
        for status, name in names.statuses.items()
    ]
