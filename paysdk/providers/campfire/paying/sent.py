"""An order that was sent, and how a journal keeps it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import attrs
import msgspec

from paysdk.orders import OpenOrder
from paysdk.providers.campfire.paying.order import Expected, PayOrder

__all__ = ["SentOrder", "read_open_order"]


@attrs.define(eq=False, kw_only=True)
class SentOrder:
    """An order that goes out for an invoice.

    ``before`` are the payments that cannot be its own: they were there already, or another order
    made them. ``ids`` are the payments that it made, as soon as they are known.
    """

    number: int
    order: PayOrder
    before: frozenset[str]
    id: str = attrs.field(factory=lambda: uuid4().hex)
    sent_at: datetime = attrs.field(factory=lambda: datetime.now(UTC))
    drafted: bool = False
    ids: tuple[str, ...] = ()

    def to_open(self) -> OpenOrder:
        """What a journal keeps of it."""
        details = _Details(
            invoice=self.number, items=self.order.expected, before=tuple(sorted(self.before))
        )
        return OpenOrder(
            id=self.id,
            sent_at=self.sent_at,
            details=msgspec.json.encode(details).decode(),
            drafted=self.drafted,
        )

    def would_be(self, number: int, order: PayOrder) -> bool:
        """Whether *order*, for the invoice of this *number*, may be this one again."""
        names = self.order.external_ids
        if names or order.external_ids:
            return bool(names & order.external_ids)
        return self.number == number and self.order.is_same_as(order)


class _Details(msgspec.Struct):
    invoice: int
    items: tuple[Expected, ...]
    before: tuple[str, ...]


def read_open_order(kept: OpenOrder) -> SentOrder | None:
    """The order that a journal kept, or ``None`` if another version of paysdk wrote it in another form."""
    try:
        details = msgspec.json.decode(kept.details, type=_Details)
    except msgspec.MsgspecError:
        return None
    return SentOrder(
        number=details.invoice,
        order=PayOrder(b"", details.items),
        before=frozenset(details.before),
        id=kept.id,
        sent_at=kept.sent_at,
        drafted=kept.drafted,
    )
