"""Notify's shape: what "List payments" (docs.notify.nl) says that it sends.

``resource`` is not read: lists say "payments", single answers "payment", and other samples say
something else again.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec

from paysdk.records.liberal import NULL

__all__ = [
    "Customer",
    "Day",
    "Identifier",
    "Invoice",
    "Link",
    "Links",
    "NotifyRecord",
    "PageEnvelope",
]

Identifier: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
Day: TypeAlias = Annotated[str, msgspec.Meta(min_length=10, max_length=10)]


class Invoice(msgspec.Struct, gc=False, rename="camel"):
    """The invoice that a payment is for, with its total and what is open of it now."""

    id: Identifier
    number: str | None = None
    # As it comes, which is a text by the document, since a text is looked at more closely.
    invoice_total: Any = None
    invoice_balance: Any = None


class Customer(msgspec.Struct, gc=False):
    """Who pays; ``number`` is called ``customerCode`` where a customer stands alone."""

    id: str | None = None
    number: str | None = None
    name: str | None = None


class NotifyRecord(
    msgspec.Struct,
    gc=False,
    rename={"sent_invoice": "invoice", "sent_date": "date", "sent_customer": "customer"},
):
    """One payment. There is no currency, no status and no timestamp."""

    id: Identifier
    amount: Any
    sent_invoice: Invoice
    sent_date: Day | None = None
    sent_customer: Customer | None = None


class Link(msgspec.Struct):
    """A link, whose ``href`` may be null where there is no such page."""

    href: msgspec.Raw = NULL


class Links(msgspec.Struct):
    """A page's links. There is no ``self``, and ``previous`` is not needed."""

    next: msgspec.Raw = NULL


class PageEnvelope(msgspec.Struct):
    """A page, nearly HAL: ``links`` has no underscore, and the payments are not embedded.

    ``count`` is 5 beside four records in the document's sample.
    """

    payments: list[msgspec.Raw]
    count: msgspec.Raw = NULL
    links: msgspec.Raw = NULL
    # No document has these two. A gateway that answers 200 may put its error here.
    error: msgspec.Raw = NULL
    errors: msgspec.Raw = NULL
