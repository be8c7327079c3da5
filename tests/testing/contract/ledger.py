"""A provider that follows the protocol without a server and without paysdk's listings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import attrs

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

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def payment(number: int) -> Payment:
    """Make a payment. Each third one is voided, and they are modified two hours apart."""
    return Payment(
        provider="ledger",
        id=str(number),
        amount=Decimal("10.50") + number,
        currency="EUR",
        payment_date=date(2026, 1, 31),
        invoice=InvoiceRef(id=f"invoice {number}", total=Decimal("100.00")),
        voided_date=date(2026, 2, 1) if number % 3 == 0 else None,
        modified_at=NOON + timedelta(hours=2 * number),
        raw={"id": number},
    )


@attrs.define
class LedgerListing:
    """A listing of payments in memory."""

    provider: Ledger
    payments: Sequence[Payment]
    size: int
    start: int
    tag: str
    report: ListingReport = attrs.field(factory=ListingReport)

    async def pages(self) -> AsyncGenerator[Page]:
        """Yield the pages."""
        self.report = ListingReport()
        start: int | None = self.start
        while start is not None:
            await asyncio.sleep(0)
            found, start = self.page(start)
            following = None if start is None else self.checkpoint(start)
            self.report = attrs.evolve(
                self.report,
                pages=self.report.pages + 1,
                payments=self.report.payments + len(found),
                complete=start is None,
            )
            yield Page(found, None, following)

    def page(self, start: int) -> tuple[list[Payment], int | None]:
        """Return the page at this start, and the start of the next page."""
        end = start + self.size
        return list(self.payments[start:end]), end if end < len(self.payments) else None

    def checkpoint(self, start: int) -> Checkpoint:
        """Return the checkpoint before the page at this start."""
        return Checkpoint(self.provider.name, self.tag, str(start))

    async def __aiter__(self) -> AsyncGenerator[Payment]:
        """Yield the payments."""
        async for page in self.pages():
            for each in page.payments:
                yield each

    async def collect(self, limit: int | None = None) -> list[Payment]:
        """Return a list of payments."""
        if limit is not None and limit < 0:
            raise ConfigurationError(f"limit must not be negative: {limit}")
        return [] if limit == 0 else [each async for each in self][:limit]

    async def first(self) -> Payment | None:
        """Return the first payment."""
        return next(iter(await self.collect(1)), None)


@attrs.define(eq=False)
class Ledger:
    """Payments in memory."""

    payments: Sequence[Payment]

    name: ClassVar[str] = "ledger"
    capabilities: ClassVar[Capabilities] = Capabilities(
        filters=frozenset({"modified_since", "modified_until", "voided"}),
        max_page_size=100,
        reports_voids=True,
        lists_incrementally=True,
    )
    listing: ClassVar[Callable[..., LedgerListing]] = LedgerListing

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
    ) -> LedgerListing:
        """Return the payments that match the filters."""
        self.check_size(page_size)
        given = {
            "modified_since": modified_since,
            "modified_until": modified_until,
            "voided": voided,
        }
        self.check_filters(given)
        tag = {
            "modified_since": self.bound_text(modified_since, time.min),
            "modified_until": self.bound_text(modified_until, time.max),
            "voided": voided,
        }
        written = json.dumps({name: value for name, value in tag.items() if value is not None})
        start, written = (0, written) if resume is None else self.parse_resume(resume, written)
        return self.listing(self, self.select(json.loads(written)), page_size or 5, start, written)

    def check_size(self, page_size: object) -> None:
        """Refuse an invalid page size."""
        most = self.capabilities.max_page_size
        if page_size is not None and (type(page_size) is not int or not 0 < page_size <= most):
            raise ConfigurationError(f"page_size must be from 1 to {most}, not {page_size!r}")

    def check_filters(self, given: dict[str, Any]) -> None:
        """Refuse an unknown filter."""
        for name, value in given.items():
            if value is not None and name not in self.capabilities.filters:
                raise UnsupportedFilterError(f"no filter {name}")

    def bound_text(self, bound: date | None, of_day: time) -> str | None:
        """Return a bound as text."""
        if isinstance(bound, datetime):
            if bound.tzinfo is None:
                raise ConfigurationError(f"{bound} has no zone")
            return bound.astimezone(UTC).isoformat()
        return None if bound is None else datetime.combine(bound, of_day, UTC).isoformat()

    def parse_resume(self, resume: Checkpoint | str, tag: str) -> tuple[int, str]:
        """Return the position of a checkpoint, and its filters."""
        try:
            checkpoint = resume if isinstance(resume, Checkpoint) else Checkpoint.parse(resume)
            start = int(checkpoint.position)
        except (ValueError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"no checkpoint: {resume!r}") from error
        if checkpoint.provider != self.name or tag not in {"{}", checkpoint.filters}:
            raise ConfigurationError(f"another's checkpoint: {resume!r}")
        return start, checkpoint.filters

    def select(self, filters: dict[str, Any]) -> list[Payment]:
        """Return the payments that match the filters."""
        since, until = (
            datetime.fromisoformat(filters[name]) if name in filters else None
            for name in ("modified_since", "modified_until")
        )
        return [
            each
            for each in self.payments
            if (since is None or (each.modified_at or NOON) >= since)
            and (until is None or (each.modified_at or NOON) <= until)
            and filters.get("voided") in (None, each.is_voided)
        ]

    async def aclose(self) -> None:
        """Do nothing: it holds no resources."""
