"""Mollie's shape: what "List payments" (docs.mollie.com) sends, as far as it is read here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class Amount(msgspec.Struct):
    """An amount of money: its digits as a text, beside the currency."""

    value: str
    currency: str


class PaymentRow(msgspec.Struct, rename="camel"):
    """What Mollie calls a payment. A status that is in no document is refused: nobody here can say whether it means money."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    status: Literal["open", "pending", "authorized", "paid", "canceled", "expired", "failed"]
    amount: Amount
    created_at: Moment
    paid_at: Moment | None = None
    method: str | None = None
    customer_id: str | None = None
    metadata: Any = None


class Link(msgspec.Struct):
    """A link."""

    href: str


class Links(msgspec.Struct):
    """A page's links; ``next`` is null on the last."""

    next: Link | None = None


class Embedded(msgspec.Struct):
    """A page's records, each left in its own bytes."""

    payments: list[msgspec.Raw]


class Page(msgspec.Struct):
    """A page, in HAL. ``count`` is the number of its records."""

    embedded: Embedded = msgspec.field(name="_embedded")
    links: Links = msgspec.field(name="_links")
    count: int | None = None
