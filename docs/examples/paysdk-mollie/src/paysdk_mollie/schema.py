"""Mollie's shape: what "List payments" (docs.mollie.com) sends around its payments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from paysdk.authoring import Amount, RawPage

Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class Money(msgspec.Struct):
    """An amount of money: its digits as a text, beside the currency."""

    value: Amount
    currency: str


class Link(msgspec.Struct):
    """Where a link of a page leads."""

    href: str


class Page(msgspec.Struct):
    """A page, in HAL: its records in their own bytes, its links, and how many records it has."""

    embedded: dict[str, list[msgspec.Raw]] = msgspec.field(name="_embedded")
    links: dict[str, Link | None] = msgspec.field(name="_links")
    count: int | None = None


def open_page(page: Page) -> RawPage:
    """The page's records, its link to the next page, and the count."""
    link = page.links.get("next")
    return RawPage(page.embedded["payments"], link.href if link else None, page.count)
