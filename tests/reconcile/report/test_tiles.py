"""The tiles at the top of the page."""

from __future__ import annotations

from paysdk.reconcile import Status, Totals
from paysdk.reconcile.report.names import Names
from paysdk.reconcile.report.tiles import make_tiles
from tests.reconcile.report.pages import only_left, paid


def test_each_status_has_a_tile() -> None:
    """Each status has a tile with its count, and the tiles of differences say so."""
    totals = Totals()
    for _ in range(1200):
        totals.add(only_left(paid("a", "1")))
    tiles = {tile.kind: tile for tile in make_tiles(totals, Names.of("Left", "Right"))}

    assert len(Status) == len(tiles)
    assert ("Only in Left", "1,200", True) == (
        tiles["left-only"].name,
        tiles["left-only"].count,
        tiles["left-only"].is_difference,
    )
    assert ("0", False) == (tiles["matched"].count, tiles["matched"].is_difference)
