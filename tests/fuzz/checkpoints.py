"""Fuzz checkpoints: only ConfigurationError, or a listing that can only raise PaginationError."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["paysdk"]):
    from paysdk import Checkpoint, ConfigurationError
    from paysdk.listing.checkpoints import read_checkpoint
    from paysdk.listing.windows import rows_in_window

from decimal import Decimal
from typing import TYPE_CHECKING

from links import PAGINATIONS, follow
from shaping import mutate, mutate_link

from paysdk.providers.campfire.normalise import CampfireRecord

if TYPE_CHECKING:
    from paysdk.pagination import Position

PATH = "/coa/api/v1/invoice-payments"
_ROWS = [
    CampfireRecord(
        id=1, amount=Decimal(1), invoice_id=1, modified_at=datetime(2026, 1, 1, tzinfo=UTC)
    ),
    CampfireRecord(id=2, amount=Decimal(1), invoice_id=1),
]


def test_one_input(data: bytes) -> None:
    """Read *data* as the text of a checkpoint, and as its position."""
    text = data.decode(errors="surrogateescape")
    for resume in (text, Checkpoint("campfire", "", text)):
        try:
            positions, _ = read_checkpoint(resume, "campfire", PATH, "", PAGINATIONS[0])
        except ConfigurationError:
            continue
        for position in positions:
            go_on(position)


def go_on(position: Position) -> None:
    """Request the page at *position*, filter its rows, and go on from it."""
    rows_in_window(_ROWS, position)
    for pagination in PAGINATIONS:
        resumed = pagination.resume_from(position)
        assert resumed.query.isascii()
        assert resumed.query.isprintable()
        assert " " not in resumed.query
        follow(pagination, resumed, "?from=b&cursor=b", ["a", "b"])


def mutate_position(data: bytes, largest: int, seed: int) -> bytes:
    """Mutate *data* as JSON, or insert a piece of a link."""
    return (mutate if seed % 3 else mutate_link)(data, largest, seed)


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input, custom_mutator=mutate_position)
    atheris.Fuzz()
