"""7. Reconciling a million payments with a million, from two streams and from SQLite.

Each runs in its own process.
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
from typing import TYPE_CHECKING

from memory import high_water
from rounds import Line, Verdict, report

from paysdk import Capabilities, Checkpoint, InvoiceRef, ListingReport, Page, Payment
from paysdk.reconcile import Totals, reconcile
from paysdk.sync import SQLPaymentStore, sync_payments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from paysdk.reconcile import Payments

PAYMENTS = 1_000_000
PAGE_SIZE = 10_000
SECONDS, MEGABYTES = 60, 300
FIRST_DAY = date(2025, 1, 1)
SIDES: dict[str, str | None] = {"campfire": "EUR", "notify": None}


def payments(provider: str) -> Iterator[Payment]:
    """Yield a million payments of 900,000 invoices.

    Each ninth invoice is paid in two parts. Two of each hundred have no equal on the other side.
    """
    number = 0
    for invoice in range(PAYMENTS * 9 // 10):
        # Some invoices are only on this side, and some amounts.
        mark = provider if invoice % 100 == 51 else ""
        amount = Decimal(
            10_000 + invoice * 37 % 900_000 + (invoice % 100 == 50 and provider == "notify")
        ).scaleb(-2)
        for part in (amount, Decimal("12.50")) if invoice % 9 == 0 else (amount,):
            number += 1
            yield Payment(
                provider=provider,
                id=f"{number:08d}",
                amount=part,
                currency=SIDES[provider],
                payment_date=FIRST_DAY + timedelta(days=invoice % 600),
                invoice=InvoiceRef(str(invoice), f"INV-{invoice:08d}{mark}"),
            )


class MadeListing:
    """A listing of the generated payments."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self.report = ListingReport()

    def __aiter__(self) -> AsyncIterator[Payment]:
        raise NotImplementedError

    async def pages(self) -> AsyncIterator[Page]:
        """Yield the pages."""
        made = payments(self._provider)
        for number in range(PAYMENTS // PAGE_SIZE):
            last = (number + 1) * PAGE_SIZE == PAYMENTS
            yield Page(
                list(islice(made, PAGE_SIZE)),
                None,
                None if last else Checkpoint(self._provider, "", str(number + 1)),
            )

    async def collect(self, limit: int | None = None) -> list[Payment]:
        raise NotImplementedError

    async def first(self) -> Payment | None:
        raise NotImplementedError


class MadeProvider:
    """A provider of the generated payments."""

    capabilities = Capabilities(
        filters=frozenset(), max_page_size=PAGE_SIZE, reports_voids=True, lists_incrementally=False
    )

    def __init__(self, name: str) -> None:
        self.name = name

    def list_payments(self, **_: object) -> MadeListing:
        """List the payments."""
        return MadeListing(self.name)

    async def aclose(self) -> None:
        """Do nothing: it holds no resources."""


async def fill(database: Path) -> None:
    """Put the payments of both sides into a database."""
    async with SQLPaymentStore(database) as store:
        for name in SIDES:
            await sync_payments(MadeProvider(name), store)


async def count_outcomes(left: Payments, right: Payments) -> Totals:
    """Reconcile, and count the outcomes as a report does."""
    figures = Totals()
    async for outcome in reconcile(left, right, ordered=True):
        figures.add(outcome)
    return figures


async def count_outcomes_in(database: str) -> Totals:
    """Reconcile the payments of a store, and count the outcomes."""
    async with SQLPaymentStore(database) as store:
        return await count_outcomes(*(store.payments(provider=name) for name in SIDES))


def measure(database: str | None) -> None:
    """Print the seconds of reconciling, without making the payments, and the peak megabytes."""
    started = time.perf_counter()
    if database is None and sum(1 for name in SIDES for _ in payments(name)) != 2 * PAYMENTS:
        raise AssertionError("too few payments")
    making = time.perf_counter() - started
    started = time.perf_counter()
    figures = asyncio.run(
        count_outcomes(*map(payments, SIDES)) if database is None else count_outcomes_in(database)
    )
    taken = time.perf_counter() - started - making
    if figures.differences != 29 * PAYMENTS // 1000:
        raise AssertionError(f"{figures.differences} differences")
    sys.stdout.write(f"{taken} {high_water() / 1024}\n")


def compare(what: str, *arguments: str) -> None:
    """Measure in a new process, and report."""
    output = subprocess.run(
        [sys.executable, __file__, "measure", *arguments],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    taken, megabytes = map(float, output.split())
    seconds = Verdict(
        f"{2 * PAYMENTS / taken:,.0f} payments a second", f"at most {SECONDS} s", taken <= SECONDS
    )
    report(Line(part=7, what=what, ours=f"{taken:.1f} s", against="", verdict=seconds))
    memory = Verdict("", f"at most {MEGABYTES} MB", megabytes <= MEGABYTES)
    report(
        Line(
            part=7,
            what=f"{what}: peak memory",
            ours=f"{megabytes:.1f} MB",
            against="",
            verdict=memory,
        )
    )


if __name__ == "__main__":
    if sys.argv[1:]:
        measure(next(iter(sys.argv[2:]), None))
    else:
        compare(f"Reconciling {PAYMENTS:,} payments with {PAYMENTS:,}, from two streams")
        with TemporaryDirectory() as folder:
            asyncio.run(fill(Path(folder, "payments.db")))
            compare(
                f"Reconciling {PAYMENTS:,} payments with {PAYMENTS:,}, from SQLite",
                str(Path(folder, "payments.db")),
            )
