"""The envelope of Notify's pages, and the parts of a payment that are objects of their own.

The fields of a payment are in ``normalise.py``. Source: "List payments" on docs.notify.nl.
``resource`` is not read, because the samples disagree about its values.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, TypeAlias

import msgspec

from paysdk.records.columns import Amount, converted
from paysdk.records.envelope import NULL, open_object, read_count, read_link, refuse_error
from paysdk.records.page import RawPage

__all__ = [
    "Customer",
    "Day",
    "Identifier",
    "Invoice",
    "Link",
    "Links",
    "PageEnvelope",
    "open_page",
]

Identifier: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
_DAY = re.compile("([0-9]{2})-([0-9]{2})-([0-9]{4})")


def read_day(text: str, path: str) -> date:
    """The date in *text*, which is DD-MM-YYYY: "02-01-2021" is 2 January."""
    try:
        if found := _DAY.fullmatch(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        pass
    raise msgspec.ValidationError(f"Expected a date as DD-MM-YYYY, got {text!r} - at `{path}`")


if TYPE_CHECKING:
    Day: TypeAlias = date
else:
    Day = Annotated[str, msgspec.Meta(min_length=10, max_length=10), converted(read_day)]


class Invoice(msgspec.Struct, gc=False):
    """The invoice that a payment is for, with its total and the amount that is still open."""

    id: Identifier
    number: str | None = None
    total: Amount | None = msgspec.field(default=None, name="invoiceTotal")
    balance: Amount | None = msgspec.field(default=None, name="invoiceBalance")


class Customer(msgspec.Struct, gc=False):
    """The customer that pays. In a customer's own record, ``number`` is ``customerCode``."""

    id: str | None = None
    number: str | None = None
    name: str | None = None


class Link(msgspec.Struct):
    """An entry of ``links``. Its ``href`` may be null if the page does not exist."""

    href: msgspec.Raw = NULL


class Links(msgspec.Struct):
    """A page's links. There is no ``self``, and ``previous`` is not needed."""

    next: msgspec.Raw = NULL


class PageEnvelope(msgspec.Struct):
    """A page, nearly HAL: ``links`` has no underscore, and the payments are not embedded.

    In the document's sample, ``count`` is 5, but there are four records.
    """

    payments: list[msgspec.Raw]
    count: msgspec.Raw = NULL
    links: msgspec.Raw = NULL
    # No document has these two. A gateway that responds with 200 may put its error here.
    error: msgspec.Raw = NULL
    errors: msgspec.Raw = NULL


_decode_links = msgspec.json.Decoder(Links).decode
_decode_link = msgspec.json.Decoder(Link).decode


def open_page(page: PageEnvelope) -> RawPage:
    """The page's records, its link to the next page, and the count."""
    refuse_error(page.payments, error=page.error, errors=page.errors)
    links = open_object(page.links, _decode_links, "$.links")
    link = open_object(links.next, _decode_link, "$.links.next") if links else None
    href = read_link(link.href, "$.links.next.href") if link else None
    return RawPage(page.payments, href, read_count(page.count))
