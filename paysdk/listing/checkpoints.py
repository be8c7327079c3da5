"""Positions as the text of a checkpoint, and back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import msgspec

from paysdk.checkpoint import Checkpoint
from paysdk.errors import ConfigurationError
from paysdk.pagination import Pagination, Position, parameters_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["make_checkpoint", "read_checkpoint"]

# A time without a zone cannot be compared with the times of payments.
_Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
# Only characters that a request line may have. Text after "#" would not be sent.
_Target: TypeAlias = Annotated[str, msgspec.Meta(pattern='^[!"$-~]*\\Z')]


class _WirePosition(msgspec.Struct, array_like=True, omit_defaults=True):
    """A ``Position`` in a checkpoint. *target* is the path of the endpoint, "?", and the query."""

    target: _Target
    given: tuple[str | int, ...] = ()
    emitted_before: _Moment | None = None
    until: _Moment | None = None


def make_checkpoint(
    provider: str, path: str, filters: str, positions: Sequence[Position]
) -> Checkpoint:
    """The checkpoint of a listing that goes on at *positions*."""
    wire = [
        _WirePosition(f"{path}?{each.query}", each.given, each.emitted_before, each.until)
        for each in positions
    ]
    return Checkpoint(provider, filters, msgspec.json.encode(wire).decode())


def read_checkpoint(
    resume: Checkpoint | str, provider: str, path: str, filters: str, pagination: Pagination
) -> tuple[list[Position], str]:
    """The positions in a checkpoint, and the filters of the listing that it comes from.

    *path* is the endpoint of the call, and *filters* are the filters of the call. If the call has
    filters, the checkpoint must have the same ones.

    Raises ``ConfigurationError`` for a checkpoint that cannot be read, that belongs to another
    listing, or that contradicts itself.
    """
    given: object = resume
    if not isinstance(given, Checkpoint | str):
        raise ConfigurationError(f"resume must be a Checkpoint or the text of one, not {resume!r}.")
    try:
        checkpoint = Checkpoint.parse(given) if isinstance(given, str) else given
        wire = msgspec.json.decode(checkpoint.position, type=list[_WirePosition])
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise _unreadable_error(str(error)) from None
    if not wire:
        raise _unreadable_error("it has no position")
    if checkpoint.provider != provider:
        raise ConfigurationError(
            f"This checkpoint belongs to {checkpoint.provider!r}, not to {provider!r}."
        )
    if filters not in {"", checkpoint.filters}:
        raise ConfigurationError(
            "This checkpoint belongs to a listing with other filters "
            f"({checkpoint.filters or 'none'}, not {filters}). "
            "Leave your filters out to resume with those of the checkpoint."
        )
    positions = [_position(each, path) for each in wire]
    _check_filters(positions, checkpoint.filters, pagination)
    return positions, checkpoint.filters


def _unreadable_error(reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"This is not a checkpoint: {reason}. Pass a Page.checkpoint, an error.checkpoint, or "
        "its str() unchanged."
    )


def _position(wire: _WirePosition, path: str) -> Position:
    its_path, _, query = wire.target.partition("?")
    if not its_path.startswith("/"):
        raise ConfigurationError(
            "This checkpoint was made by an earlier version of paysdk, which did not store the "
            "endpoint in it. List again from the beginning."
        )
    if its_path != path:
        raise ConfigurationError(
            f"This checkpoint belongs to a listing of {its_path}, not of {path}. "
            "Resume the listing that it came from, or list again from the beginning."
        )
    return Position(query, wire.given, wire.emitted_before, wire.until)


def _check_filters(positions: Sequence[Position], filters: str, pagination: Pagination) -> None:
    """Check that each position requests what the *filters* of the checkpoint say."""
    chosen = parameters_of(filters)
    for position in positions:
        if (name := pagination.contradicted(position, chosen)) is not None:
            raise ConfigurationError(
                f"This checkpoint contradicts itself: its filters are {filters or 'none'}, but its "
                f"next request has another {name}. It was changed after it was made. List again "
                "from the beginning."
            )
