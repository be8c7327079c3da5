"""8. Planning 10,000 bookings over two listings of a million payments in a store.

The target responds at once, so this measures the store, the reconciliation and the checks. Name a
database to measure there, for example `booking.py postgresql://…/empty`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from memory import high_water
from rounds import Line, Verdict, report

from paysdk import Capabilities, Checkpoint, InvoiceRef, ListingReport, Page, Payment
from paysdk.booking import (
    BookingCapabilities,
    BookingPolicy,
    PaymentEffect,
    TargetInvoice,
    plan_bookings,
)
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing.booking import FakeBooks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from paysdk.booking import BookingOrder

PAYMENTS, MISSING_EACH = 1_000_000, 100
PAGE_SIZE = 10_000
SECONDS, MEGABYTES = 60, 300
FIRST_DAY, TODAY = date(2025, 1, 1), date(2026, 11, 1)
SIDES = ("books", "notify")
POLICY = BookingPolicy(
    currency="EUR",
    entity=1,
    account_id=77,
    account_name="1090 - Clearing",
    since=FIRST_DAY,
    max_amount=Decimal(20_000),
)


def find_amount(invoice: int) -> Decimal:
    """The total of an invoice, which one payment pays."""
    return Decimal(10_000 + invoice * 37 % 900_000).scaleb(-2)


def payments(provider: str) -> Iterator[Payment]:
    """Yield a million payments, each of its own invoice.

    Each hundredth payment is missing in the books, which have one of another invoice instead.
    """
    for invoice in range(PAYMENTS):
        is_other = provider == "books" and invoice % MISSING_EACH == 0
        amount = find_amount(invoice)
        number = f"INV-{invoice:08d}{'-other' if is_other else ''}"
        yield Payment(
            provider=provider,
            id=f"{invoice:08d}",
            amount=amount,
            currency="EUR" if provider == "books" else None,
            payment_date=FIRST_DAY + timedelta(days=invoice % 600),
            invoice=InvoiceRef(str(invoice), number, amount, Decimal(0)),
        )


class MadeProvider:
    """A provider of the generated payments, and also its listing."""

    capabilities = Capabilities(
        filters=frozenset(), max_page_size=PAGE_SIZE, reports_voids=True, lists_incrementally=False
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.report = ListingReport()

    def list_payments(self, **_: object) -> Any:  # noqa: ANN401  # a listing
        """List the payments."""
        return self

    async def pages(self) -> AsyncIterator[Page]:
        """Yield the pages."""
        made = payments(self.name)
        for number in range(1, PAYMENTS // PAGE_SIZE + 1):
            last = number * PAGE_SIZE == PAYMENTS
            following = None if last else Checkpoint(self.name, "", str(number))
            yield Page(list(islice(made, PAGE_SIZE)), None, following)

    async def aclose(self) -> None:
        """Do nothing: it holds no resources."""


class MadeBooks(FakeBooks):
    """Books that make each invoice when it is requested."""

    capabilities: BookingCapabilities = BookingCapabilities(previews=True, voids=True)

    async def find_invoices(self, number: str) -> Sequence[TargetInvoice]:
        """Make the invoice of a number."""
        total = find_amount(int(number.removeprefix("INV-")))
        return [
            TargetInvoice(
                id=number,
                number=number,
                entity="1",
                currency="EUR",
                status="open",
                is_payable=True,
                total=total,
                due=total,
            )
        ]

    async def preview(self, order: BookingOrder) -> PaymentEffect:
        """Each order pays the whole invoice."""
        (invoice,) = await self.find_invoices(order.invoice_id)
        return PaymentEffect(due_after=(invoice.due or Decimal(0)) - order.amount)


async def fill(place: str) -> None:
    """Put the payments of both sides into a database."""
    async with SQLPaymentStore(place) as store:
        for name in SIDES:
            await sync_payments(MadeProvider(name), store)


async def plan(place: str) -> int:
    """Plan, and return the number of lines."""
    async with SQLPaymentStore(place) as store:
        made = await plan_bookings(store, target=MadeBooks(), policy=POLICY, today=TODAY)
    return len(made.lines)


def measure(place: str) -> None:
    """Print the seconds of planning, and the peak megabytes."""
    started = time.perf_counter()
    lines = asyncio.run(plan(place))
    taken = time.perf_counter() - started
    if lines != PAYMENTS // MISSING_EACH:
        raise AssertionError(f"{lines} lines")
    sys.stdout.write(f"{taken} {high_water() / 1024}\n")


def compare(place: str, database: str) -> None:
    """Measure in a new process, and report."""
    asyncio.run(fill(place))
    output = subprocess.run(
        [sys.executable, __file__, "measure", place], check=True, capture_output=True, text=True
    ).stdout
    taken, megabytes = map(float, output.split())
    what = (
        f"Planning {PAYMENTS // MISSING_EACH:,} bookings over {PAYMENTS:,} payments and "
        f"{PAYMENTS:,}, from {database}"
    )
    seconds = Verdict("", f"at most {SECONDS} s", taken <= SECONDS)
    report(Line(part=8, what=what, ours=f"{taken:.1f} s", against="", verdict=seconds))
    memory = Verdict("", f"at most {MEGABYTES} MB", megabytes <= MEGABYTES)
    peak = f"{megabytes:.1f} MB"
    report(Line(part=8, what=f"{what}: peak memory", ours=peak, against="", verdict=memory))


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(sys.argv[2])
    elif sys.argv[1:]:
        compare(sys.argv[1], "this database")
    else:
        with TemporaryDirectory() as folder:
            compare(str(Path(folder, "payments.db")), "SQLite")
