"""A client for Notify written in an afternoon, without the contract. It looks right."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import aiohttp

from paysdk import (
    Capabilities,
    Checkpoint,
    ConfigurationError,
    InvoiceRef,
    ListingReport,
    Page,
    Payment,
    UnsupportedFilterError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class NaiveClient:
    """It works as long as nothing fails."""

    name: ClassVar[str] = "naive"
    capabilities: ClassVar[Capabilities] = Capabilities(
        filters=frozenset(), max_page_size=250, reports_voids=False, lists_incrementally=False
    )

    def __init__(self, api_key: str, *, base_url: str, **_: object) -> None:
        self.url = f"{base_url}/v2/payments"
        self.headers = {"Authorization": f"Bearer {api_key}"}

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
    ) -> NaiveListing:
        """List all payments."""
        if (modified_since, modified_until, voided) != (None, None, None):
            raise UnsupportedFilterError("no filters")
        if page_size is not None and (
            type(page_size) is not int or not 0 < page_size <= self.capabilities.max_page_size
        ):
            raise ConfigurationError("wrong page_size")
        url = self.url if page_size is None else f"{self.url}?limit={page_size}"
        if resume is not None:
            url = (resume if isinstance(resume, Checkpoint) else Checkpoint.parse(resume)).position
        return NaiveListing(self, url)

    async def aclose(self) -> None:
        """Do nothing: it keeps no connection open."""


class NaiveListing:
    """It follows `next` to any host."""

    def __init__(self, client: NaiveClient, url: str) -> None:
        self.client = client
        self.url = url
        self.report = ListingReport()

    async def pages(self) -> AsyncGenerator[Page]:
        """Yield the pages."""
        url: str | None = self.url
        payments = pages = 0
        self.report = ListingReport()
        async with aiohttp.ClientSession(headers=self.client.headers) as session:
            while url:
                async with session.get(url) as response:
                    response.raise_for_status()
                    body: dict[str, Any] = await response.json(content_type=None)
                if not body.get("payments"):
                    break
                found = [self.payment(row) for row in body["payments"]]
                url = (body["links"]["next"] or {}).get("href")
                pages, payments = pages + 1, payments + len(found)
                self.report = ListingReport(
                    pages=pages, payments=payments, requests=pages, complete=url is None
                )
                yield Page(
                    found, body["count"], Checkpoint(self.client.name, "", url) if url else None
                )
        self.report = ListingReport(pages=pages, payments=payments, requests=pages, complete=True)

    def payment(self, row: dict[str, Any]) -> Payment:
        """Make a payment."""
        return Payment(
            provider=self.client.name,
            id=row["id"],
            amount=round(Decimal(float(row["amount"])), 2),
            payment_date=datetime.strptime(row["date"], "%d-%m-%Y").date(),  # noqa: DTZ007  # day
            invoice=InvoiceRef(id=row["invoice"]["id"], number=row["invoice"]["number"]),
            raw=row,
        )

    async def __aiter__(self) -> AsyncGenerator[Payment]:
        """Yield the payments."""
        async for page in self.pages():
            for each in page.payments:
                yield each

    async def collect(self, limit: int | None = None) -> list[Payment]:
        """Return a list of payments."""
        if limit is not None and limit < 0:
            raise ConfigurationError("wrong limit")
        return [each async for each in self][:limit]

    async def first(self) -> Payment | None:
        """Return the first payment."""
        return next(iter(await self.collect()), None)
