"""Fuzzes what takes a checkpoint: only ConfigurationError, and what is taken leads on without any other error than PaginationError."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["paysdk"]):
    from paysdk import Checkpoint, ConfigurationError
    from paysdk.listing.checkpoints import read_checkpoint
    from paysdk.listing.windows import rows_in_window

from typing import TYPE_CHECKING

from links import PAGINATIONS, follow
from shaping import mutated, mutated_link

from paysdk.providers.campfire.normalise import CampfirePaymentFields

if TYPE_CHECKING:
    from paysdk.pagination import Position

PATH = "/coa/api/v1/invoice-payments"
_ROWS = [
    CampfirePaymentFields(
        id=1, amount=1, invoice_id=1, modified_at=datetime(2026, 1, 1, tzinfo=UTC)
    ),
    CampfirePaymentFields(id=2, amount=1, invoice_id=1),
]


def test_one_input(data: bytes) -> None:
    """Take *data* as a checkpoint's text, and as the position in one."""
    text = data.decode(errors="surrogateescape")
    for resume in (text, Checkpoint("campfire", "", text)):
        try:
            positions, _ = read_checkpoint(resume, "campfire", PATH, "", PAGINATIONS[0])
        except ConfigurationError:
            continue
        for position in positions:
            go_on(position)


def go_on(position: Position) -> None:
    """Ask for the page at *position*, look at its rows, and go on from it."""
    rows_in_window(_ROWS, position)
    for pagination in PAGINATIONS:
        resumed = pagination.resume_from(position)
        assert resumed.query.isascii()
        assert resumed.query.isprintable()
        assert " " not in resumed.query
        follow(pagination, resumed, "?from=b&cursor=b", ["a", "b"])


def mutated_position(data: bytes, largest: int, seed: int) -> bytes:
    """*data* changed as JSON, or with a piece of a link in it."""
    return (mutated if seed % 3 else mutated_link)(data, largest, seed)


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input, custom_mutator=mutated_position)
    atheris.Fuzz()
