"""An order or a void that was sent, and the form in which a journal keeps it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import attrs
import msgspec

from paysdk.orders import OpenOrder
from paysdk.providers.campfire.paying.order import ExpectedPayment, PayOrder

__all__ = [
    "SentOrder",
    "SentVoid",
    "describe_time",
    "is_older_than",
    "read_open_order",
    "read_open_void",
]


@attrs.define(eq=False, kw_only=True)
class SentOrder:
    """An order that is sent for an invoice.

    ``before`` are the ids of payments that this order cannot have made: they were there already, or
    another order made them. ``payment_ids`` are the payments that it made, when they are known.
    """

    invoice_id: int
    order: PayOrder
    before: frozenset[str]
    id: str = attrs.field(factory=lambda: uuid4().hex)
    sent_at: datetime = attrs.field(factory=lambda: datetime.now(UTC))
    drafted: bool = False
    payment_ids: tuple[str, ...] = ()

    def to_open(self) -> OpenOrder:
        """Return the form for a journal."""
        details = _Details(
            invoice=self.invoice_id, items=self.order.expected, before=tuple(sorted(self.before))
        )
        return OpenOrder(
            id=self.id,
            sent_at=self.sent_at,
            details=msgspec.json.encode(details).decode(),
            drafted=self.drafted,
        )

    def may_be(self, invoice_id: int, order: PayOrder) -> bool:
        """Whether *order* for this invoice may be this order again."""
        external_ids = self.order.external_ids
        if external_ids or order.external_ids:
            return bool(external_ids & order.external_ids)
        return self.is_exactly(invoice_id, order)

    def is_exactly(self, invoice_id: int, order: PayOrder) -> bool:
        """Whether *order* for this invoice has the same items as this order."""
        return self.invoice_id == invoice_id and self.order.is_same_as(order)


@attrs.frozen(kw_only=True)
class SentVoid:
    """A void that was sent for a payment of an invoice."""

    invoice_id: int
    payment_id: int
    id: str = attrs.field(factory=lambda: uuid4().hex)
    sent_at: datetime = attrs.field(factory=lambda: datetime.now(UTC))

    def to_open(self) -> OpenOrder:
        """Return the form for a journal."""
        details = _VoidDetails(invoice=self.invoice_id, voids=self.payment_id)
        return OpenOrder(
            id=self.id, sent_at=self.sent_at, details=msgspec.json.encode(details).decode()
        )


def is_older_than(seconds: float | None, sent: SentOrder | SentVoid) -> bool:
    """Whether *sent* was sent that long ago. Without *seconds*, no time is long enough."""
    return seconds is not None and datetime.now(UTC) - sent.sent_at >= timedelta(seconds=seconds)


def describe_time(sent: SentOrder | SentVoid) -> str:
    """When *sent* was sent, in words."""
    return f"sent at {sent.sent_at:%Y-%m-%d %H:%M:%S} UTC"


class _VoidDetails(msgspec.Struct):
    invoice: int
    voids: int


def read_open_void(kept: OpenOrder) -> SentVoid | None:
    """The void that a journal kept, or ``None`` if it is something else."""
    try:
        details = msgspec.json.decode(kept.details, type=_VoidDetails)
    except msgspec.MsgspecError:
        return None
    return SentVoid(
        invoice_id=details.invoice, payment_id=details.voids, id=kept.id, sent_at=kept.sent_at
    )


class _Details(msgspec.Struct):
    invoice: int
    items: tuple[ExpectedPayment, ...]
    before: tuple[str, ...]


def read_open_order(kept: OpenOrder) -> SentOrder | None:
    """The order that a journal kept.

    Returns ``None`` if another version of paysdk wrote it in another form.
    """
    try:
        details = msgspec.json.decode(kept.details, type=_Details)
    except msgspec.MsgspecError:
        return None
    return SentOrder(
        invoice_id=details.invoice,
        order=PayOrder(b"", details.items),
        before=frozenset(details.before),
        id=kept.id,
        sent_at=kept.sent_at,
        drafted=kept.drafted,
    )
