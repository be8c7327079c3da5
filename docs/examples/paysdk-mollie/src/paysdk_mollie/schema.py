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


class MollieRecord(msgspec.Struct, rename="camel"):
    """What Mollie calls a payment. A status that no document has is refused: it may be money."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    status: Literal["open", "pending", "authorized", "paid", "canceled", "expired", "failed"]
    amount: Amount
    created_at: Moment
    paid_at: Moment | None = None
    method: str | None = None
    customer_id: str | None = None
    metadata: Any = None


class Link(msgspec.Struct):
    """Where a link of a page leads."""

    href: str


class Page(msgspec.Struct):
    """A page, in HAL: its records in their own bytes, its links, and how many records it has."""

    embedded: dict[str, list[msgspec.Raw]] = msgspec.field(name="_embedded")
    links: dict[str, Link | None] = msgspec.field(name="_links")
    count: int | None = None
