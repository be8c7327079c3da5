"""9. Writing a million payments to a Parquet file: payments per second, and the peak memory.

The payments are made one after the other, as a listing makes them, and none is kept. Their
making does not count.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import TYPE_CHECKING

from memory import high_water
from rounds import Line, Verdict, report

from paysdk import InvoiceRef
from paysdk.records.fields import make_payment
from paysdk.tables import write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paysdk import Payment

PAYMENTS = 1_000_000
# So many different payments are written again and again.
DIFFERENT = 20_000
PER_SECOND, MEGABYTES = 200_000, 300
FIRST = datetime(2025, 1, 1, 8, tzinfo=UTC)


def make(number: int) -> Payment:
    """Make a payment with the fields that Campfire's list has."""
    moment = FIRST + timedelta(seconds=number)
    return make_payment(
        SimpleNamespace(
            provider="campfire",
            id=str(1_000_000 + number),
            amount=Decimal(number * 7 % 900_000).scaleb(-2),
            currency="EUR",
            payment_date=date(2025, 1, number % 28 + 1),
            invoice=InvoiceRef(str(number // 2), f"INV-{number // 2:07d}"),
            customer=None,
            external_id=f"btxn_{number:08d}",
            source="STRIPE",
            voided_date=None,
            voided=False,
            created_at=moment,
            modified_at=moment,
            raw=b"{}",
        )
    )


def payments() -> Iterator[Payment]:
    """Yield a million payments."""
    made = [make(number) for number in range(DIFFERENT)]
    for _ in range(PAYMENTS // DIFFERENT):
        yield from made


def measure(path: Path) -> None:
    """Print the seconds of writing, and the peak megabytes."""
    source = payments()
    next(source)
    started = time.perf_counter()
    written = asyncio.run(write_parquet(source, path))
    taken = time.perf_counter() - started
    if written != PAYMENTS - 1:
        raise AssertionError(f"{written} payments")
    sys.stdout.write(f"{taken} {high_water() / 1024}\n")


def compare() -> None:
    """Measure in a new process, and report."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, __file__, str(Path(folder, "payments.parquet"))]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    taken, megabytes = map(float, output.split())
    what = f"Writing {PAYMENTS:,} payments to a Parquet file"
    rate = PAYMENTS / taken
    speed = Verdict("", f"at least {PER_SECOND:,} a second", rate >= PER_SECOND)
    report(Line(part=9, what=what, ours=f"{rate:,.0f} a second", against="", verdict=speed))
    memory = Verdict("", f"at most {MEGABYTES} MB", megabytes <= MEGABYTES)
    peak = f"{megabytes:.1f} MB"
    report(Line(part=9, what=f"{what}: peak memory", ours=peak, against="", verdict=memory))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        compare()
