"""Positions as the text of a checkpoint, and back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import attrs
import msgspec

from paysdk.checkpoint import Checkpoint
from paysdk.errors import ConfigurationError
from paysdk.pagination import Pagination, Position, parameters_of, without_parameters

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = ["check_first_query", "make_checkpoint", "path_of", "read_checkpoint"]

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
    since: _Moment | None = None


def check_first_query(
    pagination: Pagination, filters: Mapping[str, str], header_parameters: Collection[str]
) -> None:
    """Check that the first page is requested with the *filters* of the listing.

    Raises ``ConfigurationError`` otherwise, because no checkpoint of the listing could be resumed.
    """
    first = pagination.start()
    if filters and (name := _contradicted(first, filters, pagination, header_parameters)):
        raise ConfigurationError(
            f"The filter {name} is in filters, but the first query of the pagination does not have "
            f"it with the same value: {first.query!r}. Put each filter into both."
        )


def make_checkpoint(
    owner: str, path: str, filters: str, positions: Sequence[Position]
) -> Checkpoint:
    """The checkpoint of a listing of *owner* that goes on at *positions*."""
    wire = [
        _WirePosition(
            f"{path}?{each.query}", each.given, each.emitted_before, each.until, each.since
        )
        for each in positions
    ]
    return Checkpoint(owner, filters, msgspec.json.encode(wire).decode())


def read_checkpoint(
    resume: Checkpoint | str,
    owner: str,
    path: str,
    filters: str,
    pagination: Pagination,
    *,
    header_parameters: Collection[str] = (),
) -> tuple[list[Position], str]:
    """The positions in a checkpoint, and the filters of the listing that it comes from.

    *owner* is the provider with its tenant, *path* the endpoint of the call, and *filters* are the
    filters of the call. If the call has filters, the checkpoint must have the same ones. Those that
    *header_parameters* name are sent as headers, and not in the query of a position.

    Raises ``ConfigurationError`` for a checkpoint that cannot be read, that belongs to another
    listing, or that contradicts itself.
    """
    checkpoint, wire = _parse(resume)
    if checkpoint.provider != owner:
        raise ConfigurationError(
            f"This checkpoint belongs to {checkpoint.provider!r}, not to {owner!r}."
        )
    if filters not in {"", checkpoint.filters}:
        raise ConfigurationError(
            "This checkpoint belongs to a listing with other filters "
            f"({checkpoint.filters or 'none'}, not {filters}). "
            "Leave your filters out to resume with those of the checkpoint."
        )
    positions = [_position(each, path) for each in wire]
    _check_filters(positions, checkpoint.filters, pagination, header_parameters)
    return positions, checkpoint.filters


def path_of(resume: Checkpoint | str) -> tuple[str, str]:
    """Return the path and the filters of the listing that a checkpoint comes from.

    Raises ``ConfigurationError`` for a checkpoint that cannot be read.
    """
    checkpoint, wire = _parse(resume)
    return wire[0].target.partition("?")[0], checkpoint.filters


def _parse(resume: Checkpoint | str) -> tuple[Checkpoint, list[_WirePosition]]:
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
    return checkpoint, wire


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
    return Position(query, wire.given, wire.emitted_before, wire.until, wire.since)


def _check_filters(
    positions: Sequence[Position],
    filters: str,
    pagination: Pagination,
    header_parameters: Collection[str],
) -> None:
    """Check that each position requests what the *filters* of the checkpoint say."""
    chosen = parameters_of(filters)
    for position in positions:
        if name := _contradicted(position, chosen, pagination, header_parameters):
            raise ConfigurationError(
                f"This checkpoint contradicts itself: its filters are {filters or 'none'}, but its "
                f"next request has another {name}. It was changed after it was made. List again "
                "from the beginning."
            )


def _contradicted(
    position: Position,
    filters: Mapping[str, str],
    pagination: Pagination,
    header_parameters: Collection[str],
) -> str | None:
    """The name of a filter that contradicts *position*, or ``None``.

    Filters that are sent as headers are not compared.
    """
    sent = attrs.evolve(position, query=without_parameters(position.query, header_parameters))
    chosen = {name: value for name, value in filters.items() if name not in header_parameters}
    return pagination.contradicted(sent, chosen)
