"""Positions as the text of a checkpoint, and back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from paysdk.checkpoint import Checkpoint
from paysdk.errors import ConfigurationError
from paysdk.pagination import Pagination, Position, parameters_of

__all__ = ["WirePosition", "read_checkpoint"]

# One without a zone cannot be compared with the times of payments.
_Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
# A query with characters that a request line may have. Text after "#" would not be sent.
_Query: TypeAlias = Annotated[str, msgspec.Meta(pattern='^[!"$-~]*\\Z')]


class WirePosition(msgspec.Struct, array_like=True, omit_defaults=True):
    """A ``Position`` in a checkpoint: the endpoint's path stands before its query, as in a request line."""

    target: _Query
    given: tuple[str | int, ...] = ()
    emitted_before: _Moment | None = None
    until: _Moment | None = None


def read_checkpoint(
    resume: Checkpoint | str, provider: str, path: str, filters: str, pagination: Pagination
) -> tuple[list[Position], str]:
    """The positions in a checkpoint, and the filters that it was made with.

    *path* is the endpoint of the call, and *filters* are its filters; if there are any, they must
    be the checkpoint's. Raises ``ConfigurationError`` for a checkpoint that cannot be read, belongs
    elsewhere, or contradicts itself.
    """
    given: object = resume
    if not isinstance(given, Checkpoint | str):
        raise ConfigurationError(f"resume must be a Checkpoint or the text of one, not {resume!r}.")
    try:
        checkpoint = Checkpoint.parse(given) if isinstance(given, str) else given
        sent = msgspec.json.decode(checkpoint.position, type=list[WirePosition])
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise ConfigurationError(
            f"This is no checkpoint: {error}. Pass a Page.checkpoint, an error.checkpoint, or "
            "its str() unchanged."
        ) from None
    if not sent:
        raise ConfigurationError(
            "This is no checkpoint: it holds no position. Pass a Page.checkpoint, an "
            "error.checkpoint, or its str() unchanged."
        )
    if checkpoint.provider != provider:
        raise ConfigurationError(
            f"This checkpoint belongs to {checkpoint.provider!r}, not to {provider!r}."
        )
    if filters not in {"", checkpoint.filters}:
        raise ConfigurationError(
            "This checkpoint belongs to a listing with other filters "
            f"({checkpoint.filters or 'none'}, not {filters}). "
            "Leave them out to go on with its own."
        )
    positions = [_position(wire, path) for wire in sent]
    chosen = parameters_of(checkpoint.filters)
    for position in positions:
        if (name := pagination.contradicted(position, chosen)) is not None:
            raise ConfigurationError(
                "This checkpoint contradicts itself: its listing has "
                f"{checkpoint.filters or 'no filters'}, and where it goes on, "
                f"{name} is not the same. It was changed after it was made. List again from the "
                "beginning."
            )
    return positions, checkpoint.filters


def _position(wire: WirePosition, path: str) -> Position:
    place, _, query = wire.target.partition("?")
    if not place.startswith("/"):
        raise ConfigurationError(
            "This checkpoint was made by an earlier version of paysdk, which did not note the "
            "endpoint that it belongs to. "
            "List again from the beginning."
        )
    if place != path:
        raise ConfigurationError(
            f"This checkpoint belongs to a listing of {place}, not of {path}. "
            "Resume the listing that it came from, or list again from the beginning."
        )
    return Position(query, wire.given, wire.emitted_before, wire.until)
