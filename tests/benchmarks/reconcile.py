"""7. Reconciling a million payments with a million, from two streams in the order of their keys, in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from memory import high_water
from rounds import Line, Verdict, report

from paysdk import InvoiceRef, Payment
from paysdk.reconcile import Figures, reconcile

if TYPE_CHECKING:
    from collections.abc import Iterator

PAYMENTS = 1_000_000
SECONDS, MEGABYTES = 60, 300
FIRST_DAY = date(2025, 1, 1)


def payments(provider: str, currency: str | None) -> Iterator[Payment]:
    """A million payments of 900,000 invoices: every ninth is paid in two parts, and of each hundred two have no equal on the other side."""
    number = 0
    for invoice in range(PAYMENTS * 9 // 10):
        # The invoices that only this side has, and the amounts that only this side has.
        mark = provider if invoice % 100 == 51 else ""
        amount = Decimal(10_000 + invoice * 37 % 900_000 + (invoice % 100 == 50 and currency is None)).scaleb(-2)
        for part in (amount, Decimal("12.50")) if invoice % 9 == 0 else (amount,):
            number += 1
            yield Payment(
                provider=provider,
                id=f"{number:08d}",
                amount=part,
                currency=currency,
                payment_date=FIRST_DAY + timedelta(days=invoice % 600),
                invoice=InvoiceRef(str(invoice), f"INV-{invoice:08d}{mark}"),
            )


async def reconciled() -> Figures:
    """What comes of it, counted as a report would."""
    figures = Figures()
    async for outcome in reconcile(payments("campfire", "EUR"), payments("notify", None), ordered=True):
        figures.add(outcome)
    return figures


def measure() -> None:
    """Print the seconds that making the payments took, those that reconciling took besides, and the megabytes at the most."""
    started = time.perf_counter()
    made = sum(1 for provider in ("campfire", "notify") for _ in payments(provider, None))
    making = time.perf_counter() - started
    started = time.perf_counter()
    figures = asyncio.run(reconciled())
    taken = time.perf_counter() - started
    if made != 2 * PAYMENTS or figures.differences != 29 * PAYMENTS // 1000:
        raise AssertionError(f"{made} payments and {figures.differences} differences")
    sys.stdout.write(f"{making} {taken - making} {high_water() / 1024}\n")


def compare() -> None:
    """Measure in a process of its own, and report."""
    told = subprocess.run([sys.executable, __file__, "measure"], check=True, capture_output=True, text=True).stdout
    making, taken, megabytes = map(float, told.split())
    what = f"Reconciling {PAYMENTS:,} payments with {PAYMENTS:,}"
    against = f"making the payments: {making:.1f} s"
    verdict = Verdict(f"{2 * PAYMENTS / taken:,.0f} payments a second", f"at most {SECONDS} s", taken <= SECONDS)
    report(Line(part=7, what=what, ours=f"{taken:.1f} s", against=against, verdict=verdict))
    verdict = Verdict("", f"at most {MEGABYTES} MB", megabytes <= MEGABYTES)
    report(Line(part=7, what=f"{what}: peak memory", ours=f"{megabytes:.1f} MB", against="", verdict=verdict))


if __name__ == "__main__":
    if sys.argv[1:]:
        measure()
    else:
        compare()
