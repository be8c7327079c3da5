"""Bookings and their histories to rows of the store, and back."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from paysdk.booking.booking import Approval, Booking, BookingKey, HistoryEntry
from paysdk.booking.plan import BookingLine
from paysdk.booking.states import State
from paysdk.converter import make_converter
from paysdk.sync.booking_tables import booking_history, bookings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paysdk.sync.rows import Codec

__all__ = [
    "BOOKING",
    "HISTORY",
    "encode_approval",
    "encode_details",
    "encode_line",
    "key_values",
    "of_key",
    "read_approval",
    "read_booking",
    "read_entry",
]

_KEY = ("source", "source_account", "payment_id", "generation")
BOOKING: tuple[sa.Column[Any], ...] = tuple(
    bookings.c[name]
    for name in (
        *_KEY,
        *("target", "target_account", "run", "state", "step", "fence"),
        *("line", "payment_ids", "details", "since"),
    )
)
HISTORY: tuple[sa.Column[Any], ...] = tuple(
    booking_history.c[name] for name in (*_KEY, "step", "before", "after", "run", "at", "details")
)


@cache
def _converter() -> Any:  # noqa: ANN401  # cattrs is known to the converter
    return make_converter()


def encode_line(line: BookingLine) -> str:
    """Return a line as JSON in ASCII."""
    return json.dumps(_converter().unstructure(line))


def encode_details(details: Mapping[str, object]) -> str:
    """Return details as JSON in ASCII. Amounts and times become texts."""
    return json.dumps(details, default=str)


def encode_approval(approval: Approval) -> str:
    """Return an approval as JSON in ASCII."""
    return json.dumps(_converter().unstructure(approval))


def read_approval(text: str | None) -> Approval | None:
    """Return the approval in a row of a run, or ``None`` if there is none."""
    return None if text is None else _converter().structure(json.loads(text), Approval)


def key_values(key: BookingKey) -> dict[str, object]:
    """Return the values of the columns of a key."""
    return dict(
        zip(_KEY, (key.source, key.source_account, key.payment_id, key.generation), strict=True)
    )


def of_key(table: sa.Table, key: BookingKey) -> sa.ColumnElement[bool]:
    """Whether a row of *table* has this key."""
    return sa.and_(*(table.c[name] == value for name, value in key_values(key).items()))


def read_booking(codec: Codec, row: sa.Row[Any]) -> Booking:
    """Return the booking in a row of ``BOOKING``."""
    values: tuple[Any, ...] = tuple(row)
    *key, target, target_account, run, state, step, fence = values[:10]
    line, payment_ids, details, since = values[10:]
    return Booking(
        key=BookingKey(*key),
        target=target,
        target_account=target_account,
        run=run,
        state=State(state),
        step=step,
        fence=fence,
        line=_converter().structure(json.loads(line), BookingLine),
        payment_ids=tuple(json.loads(payment_ids)),
        details=json.loads(details),
        since=codec.read_required_moment(since),
    )


def read_entry(codec: Codec, row: sa.Row[Any]) -> HistoryEntry:
    """Return the entry in a row of ``HISTORY``."""
    values: tuple[Any, ...] = tuple(row)
    *key, step, before, after, run, at, details = values
    return HistoryEntry(
        key=BookingKey(*key),
        step=step,
        before=None if before is None else State(before),
        after=State(after),
        run=run,
        at=codec.read_required_moment(at),
        details=json.loads(details),
    )
