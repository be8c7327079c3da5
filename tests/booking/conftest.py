"""A source, books to book in, and a story that a test can stop at any point."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest

from paysdk import Capabilities, InvoiceRef, ListingReport, Page, Payment
from paysdk.booking import BookingPlan, BookingPolicy, approve_plan, plan_bookings
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing.booking import FakeBooks
from tests.booking.policies import BOOKS_POLICY
from tests.browser import browser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["browser"]

DAY = date(2026, 3, 2)


@attrs.define
class Source:
    """A provider whose payments are a list, and also its listing."""

    name: str
    payments: list[Payment] = attrs.field(factory=list[Payment])
    report: ListingReport = attrs.field(factory=ListingReport)
    capabilities: ClassVar[Capabilities] = Capabilities(
        filters=frozenset(), max_page_size=1000, reports_voids=True, lists_incrementally=False
    )

    def list_payments(self, **_: object) -> Any:  # the protocol's
        return self

    async def pages(self) -> AsyncIterator[Page]:
        yield Page(list(self.payments), None, None)

    async def aclose(self) -> None:
        pass


@attrs.define
class Story:
    """A store, a source and books, and the steps from a sync to an approval."""

    store: SQLPaymentStore
    source: Source
    books: FakeBooks
    policy: BookingPolicy

    def add(self, number: str, amount: str, *, total: str | None = None, **fields: Any) -> Payment:
        """Add an invoice to the books, and a payment of it to the source."""
        whole = Decimal(total or amount)
        if not any(each.number == number for each in self.books.invoices.values()):
            self.books.add_invoice(number, whole)
        return self.pay(number, amount, total=str(whole), **fields)

    def pay(self, number: str, amount: str, *, total: str, **fields: Any) -> Payment:
        """Add a payment to the source."""
        known: dict[str, Any] = {
            "provider": "notify",
            "id": f"p{len(self.source.payments) + 1}",
            "amount": Decimal(amount),
            "currency": "EUR",
            "payment_date": DAY,
            "invoice": InvoiceRef(f"n-{number}", number, Decimal(total), Decimal(0)),
            **fields,
        }
        payment = Payment(**known)
        self.source.payments.append(payment)
        return payment

    def change(self, payment_id: str, **fields: Any) -> None:
        """Change a payment of the source."""
        at = [each.id for each in self.source.payments].index(payment_id)
        self.source.payments[at] = attrs.evolve(self.source.payments[at], **fields)

    async def sync(self) -> None:
        """Sync both sides."""
        target = Source(self.books.name, [*self.books.payments.values()])
        for provider in (self.source, target):
            await sync_payments(provider, self.store, full=True, allow_vanish=True)

    async def plan(self, **options: Any) -> BookingPlan:
        """Sync and plan."""
        await self.sync()
        options = {"policy": self.policy, **options}
        return await plan_bookings(self.store, target=self.books, **options)

    async def approve(self, **options: Any) -> str:
        """Sync, plan and approve, and return the digest of the plan."""
        plan = await self.plan()
        options = {"by": "Ann", "limit": Decimal(1_000_000), **options}
        await approve_plan(self.store, plan, **options)
        return plan.digest


@pytest.fixture
def policy() -> BookingPolicy:
    """A policy for euros and entity 1."""
    return BOOKS_POLICY


@pytest.fixture
async def story(tmp_path: Any, policy: BookingPolicy) -> AsyncIterator[Story]:
    """A story in SQLite."""
    async with SQLPaymentStore(tmp_path / "payments.db") as store:
        yield Story(store, Source("notify"), FakeBooks(), policy)


@pytest.fixture
def make_story(policy: BookingPolicy) -> Callable[[SQLPaymentStore], Story]:
    """Makes a story in a store."""
    return lambda store: Story(store, Source("notify"), FakeBooks(), policy)


@pytest.fixture
async def each_story(place: str, policy: BookingPolicy) -> AsyncIterator[Story]:
    """A story in each kind of database."""
    async with SQLPaymentStore(place) as store:
        yield Story(store, Source("notify"), FakeBooks(), policy)


@pytest.fixture
def hours_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Move the clock of the plans."""

    def move(hours: int) -> None:
        class Later(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                assert tz is UTC
                return datetime.now(UTC) + timedelta(hours=hours)

        monkeypatch.setattr("paysdk.booking.validity.datetime", Later)

    return move
